import { connectorLabel } from '../../model/labels.ts';
import type { RuntimeEvent } from '../runtime.ts';
import type { Api } from './api.ts';
import { refOf } from './names.ts';
import type { Deployment, Pod } from './objects.ts';
import { type Trace, transition } from './transitions.ts';
import { type Change, watchAll } from './watch.ts';

export interface Watched {
  readonly pods: string;
  readonly deployments: string;
  readonly selector: string;
}

/**
 * What happens to Deployments and their processes, from two watches over all of them. The first lists are where it
 * begins and tell nothing; a list after a gap tells what differs.
 */
export async function* clusterEvents(
  api: Api,
  { pods, deployments, selector }: Watched,
  onOpen: () => void,
  signal: AbortSignal,
): AsyncIterable<RuntimeEvent> {
  const stop = new AbortController();
  const both = AbortSignal.any([signal, stop.signal]);
  const refs = new Map<string, { readonly ref: string; readonly connectorId: string }>();
  const traces = new Map<string, Trace>();
  const queue: RuntimeEvent[] = [];
  let wake = (): void => undefined;
  let opened = 0;
  const tell = (name: string, connectorId: string, action: RuntimeEvent['action']): void => {
    if (connectorId === '') return;
    queue.push({ connectorId, ref: refs.get(name)?.ref ?? `${name}/`, action, at: new Date().toISOString() });
    wake();
  };

  const onPod = (uid: string, pod: Pod | undefined, first: boolean): void => {
    const before = traces.get(uid);
    const { actions, trace } = transition(before, pod);
    if (trace === undefined) traces.delete(uid);
    else traces.set(uid, trace);
    const about = trace ?? before;
    if (!first && about !== undefined) for (const a of actions) tell(about.deployment, about.connectorId, a);
  };
  const onDeployment = (name: string, d: Deployment | undefined, first: boolean): void => {
    const known = refs.get(name);
    const ref = d === undefined ? undefined : refOf(d.metadata);
    const connectorId = d?.metadata.labels?.[connectorLabel] ?? known?.connectorId ?? '';
    if (known !== undefined && known.ref !== ref) tell(name, known.connectorId, 'destroy');
    if (ref === undefined) refs.delete(name);
    else refs.set(name, { ref, connectorId });
    if (!first && ref !== undefined && known?.ref !== ref) tell(name, connectorId, 'create');
  };
  const follow = async <T extends Pod | Deployment>(
    path: string,
    keyOf: (item: T) => string,
    known: ReadonlyMap<string, unknown>,
    on: (key: string, item: T | undefined, first: boolean) => void,
  ): Promise<void> => {
    let first = true;
    for await (const change of watchAll<T>(api, path, selector, both)) {
      apply(change, keyOf, known, (key, item) => on(key, item, first));
      if (!first) continue;
      first = false;
      opened += 1;
      if (opened === 2) onOpen();
    }
  };

  let failure: { readonly error: unknown } | undefined;
  const running = Promise.all([
    follow<Pod>(pods, (p) => p.metadata.uid ?? '', traces, onPod),
    follow<Deployment>(deployments, (d) => d.metadata.name, refs, onDeployment),
  ]).catch((error: unknown) => {
    failure = { error };
    wake();
  });
  try {
    for (;;) {
      const next = queue.shift();
      if (next !== undefined) yield next;
      else if (failure !== undefined) throw failure.error;
      else
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
    }
  } finally {
    stop.abort();
    await running;
  }
}

function apply<T>(
  change: Change<T>,
  keyOf: (item: T) => string,
  known: ReadonlyMap<string, unknown>,
  on: (key: string, item: T | undefined) => void,
): void {
  if (change.kind !== 'listed') return on(keyOf(change.item), change.kind === 'gone' ? undefined : change.item);
  const present = new Map(change.items.map((item) => [keyOf(item), item]));
  for (const key of known.keys()) if (!present.has(key)) on(key, undefined);
  for (const [key, item] of present) on(key, item);
}
