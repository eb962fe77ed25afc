import { setTimeout as sleep } from 'node:timers/promises';
import { retryable } from '../../model/errors.ts';
import { managerLabel } from '../../model/labels.ts';
import type { RuntimeEvent } from '../runtime.ts';
import type { Api } from './api.ts';
import { unavailable } from './errors.ts';
import type { Service } from './objects.ts';
import { type Traces, changes, tracesOf } from './transitions.ts';

/** An engine tells of all services, but only of its own containers: tasks on other nodes are looked at this often (ms). */
const lookEvery = 5_000;
/** Events come in bursts; one look serves all that come within this time (ms). */
const burst = 150;

/** All services with one of these manager ids. */
export async function managed(
  api: Api,
  managerIds: readonly string[],
  signal: AbortSignal,
): Promise<readonly Service[]> {
  const lists = await Promise.all(managerIds.map((id) => api.services({ label: [`${managerLabel}=${id}`] }, signal)));
  return lists.flat();
}

/**
 * What happens to services and their processes: two looks at all of them tell what lies between, and the engine's own
 * events tell when to look. The first look is where it begins and tells nothing.
 */
export async function* swarmEvents(
  api: Api,
  managerIds: readonly string[],
  onOpen: () => void,
  signal: AbortSignal,
): AsyncIterable<RuntimeEvent> {
  const stop = new AbortController();
  const both = AbortSignal.any([signal, stop.signal]);
  const look = async (): Promise<Traces> => {
    const services = await managed(api, managerIds, both);
    return tracesOf(
      services,
      await api.tasks(
        services.map((s) => s.ID),
        both,
      ),
    );
  };
  const bell = ringer();
  let known: Traces = new Map();
  let listening: Promise<void> | undefined;
  try {
    const stream = await api.engine.getEvents({
      filters: { type: ['service', 'container', 'node'] },
      abortSignal: both,
    });
    listening = listen(
      stream,
      (ref) => ref === undefined || known.has(ref),
      (failure) => bell.ring(failure),
    );
    known = await look();
    onOpen();
    for (;;) {
      await bell.wait(lookEvery, both);
      await sleep(burst, undefined, { signal: both });
      bell.hush();
      const now = await look();
      yield* changes(known, now, new Date().toISOString());
      known = now;
    }
  } catch (error) {
    throw unavailable(error, signal);
  } finally {
    stop.abort();
    await listening;
  }
}

interface EngineEvent {
  readonly Type?: string;
  readonly Action?: string;
  readonly Actor?: { readonly Attributes?: Readonly<Record<string, string>> };
}

/** Rings for what may concern a task of ours; a stream that ends rings with a failure. Never throws. */
async function listen(
  stream: NodeJS.ReadableStream,
  ours: (service: string | undefined) => boolean,
  ring: (failure?: unknown) => void,
): Promise<void> {
  let rest = '';
  try {
    for await (const chunk of stream) {
      rest += chunk.toString();
      const lines = rest.split('\n');
      rest = lines.pop() ?? '';
      for (const line of lines) if (line.trim() !== '' && concerns(JSON.parse(line) as EngineEvent, ours)) ring();
    }
    ring(retryable('RuntimeUnavailable', 'the engine ended its event stream'));
  } catch (error) {
    ring(error);
  }
}

function concerns(e: EngineEvent, ours: (service: string | undefined) => boolean): boolean {
  if (e.Type !== 'container') return ours(undefined);
  const service = e.Actor?.Attributes?.['com.docker.swarm.service.id'];
  // A health check runs a command every few seconds.
  return service !== undefined && !(e.Action ?? '').startsWith('exec_') && ours(service);
}

/** One waits, many ring. */
function ringer() {
  let rung = false;
  let failure: { readonly error: unknown } | undefined;
  let wake = (): void => undefined;
  return {
    ring(error?: unknown): void {
      if (error !== undefined) failure ??= { error };
      rung = true;
      wake();
    },
    hush(): void {
      if (failure !== undefined) throw failure.error;
      rung = false;
    },
    /** Until somebody rings, or the time is up (ms). */
    async wait(ms: number, signal: AbortSignal): Promise<void> {
      const over = new AbortController();
      const either = AbortSignal.any([signal, over.signal]);
      wake = () => over.abort();
      if (!rung) await sleep(ms, undefined, { signal: either }).catch(() => undefined);
      signal.throwIfAborted();
      if (failure !== undefined) throw failure.error;
    },
  };
}
