import { setTimeout as sleep } from 'node:timers/promises';
import Docker from 'dockerode';
import { connectorLabel } from '../../model/labels.ts';

const answerMs = 3_000;

/** Why the worker is not ready; empty when it is. */
export async function unready(health: string): Promise<readonly string[]> {
  try {
    const answer = await fetch(health, { signal: AbortSignal.timeout(answerMs) });
    const body = (await answer.json()) as { readonly reasons?: readonly string[] };
    return answer.ok ? [] : (body.reasons ?? ['the worker is not ready']);
  } catch {
    return ['the worker does not answer yet'];
  }
}

interface Listed {
  readonly id: string;
  readonly name: string;
  readonly requested: string;
  readonly current: string | null;
  readonly health: { readonly is_in_reboot_loop: boolean } | null;
}

/**
 * Names of demo connectors that should run and have not been started since `since` (ms), as the platform was told and
 * as the engine says. One that crashes on purpose counts once it was started.
 */
export async function missingDemo(
  sandbox: string,
  token: string,
  dockerHost: string,
  since: number,
): Promise<readonly string[]> {
  try {
    const ask = async <T>(path: string): Promise<readonly T[]> => {
      const answer = await fetch(`${sandbox}/control/${path}`, {
        headers: { authorization: `Bearer ${token}` },
        signal: AbortSignal.timeout(answerMs),
      });
      if (!answer.ok) throw new Error(`the sandbox answers ${answer.status}`);
      return (await answer.json()) as readonly T[];
    };
    // The demo connectors come with the first registration.
    const managers = await Promise.all(['managers', 'openaev/managers'].map(ask));
    if (managers.some((list) => list.length === 0)) return ['the demo connectors'];
    const listed = (await Promise.all(['connectors', 'openaev/connectors'].map((path) => ask<Listed>(path)))).flat();
    // One that waits out a reboot loop is where it should be.
    const wanted = listed.filter((c) => c.requested === 'starting' && c.health?.is_in_reboot_loop !== true);
    const reported = wanted.filter((c) => c.current === 'started');
    const up = reported.length === wanted.length ? await startedSince(dockerHost, since) : undefined;
    return wanted.filter((c) => c.current !== 'started' || up?.has(c.id) === false).map((c) => c.name);
  } catch {
    return ['the demo connectors'];
  }
}

/** Ids of connectors whose container runs, or ran since then. */
async function startedSince(host: string, since: number): Promise<ReadonlySet<string>> {
  const engine = host.startsWith('unix://') ? new Docker({ socketPath: host.slice('unix://'.length) }) : new Docker();
  const containers = await engine.listContainers({ all: true, filters: { label: [connectorLabel] } });
  const ids = await Promise.all(
    containers.map(async ({ Id, State, Labels }) => {
      if (State === 'running') return Labels[connectorLabel];
      const { State: state } = await engine.getContainer(Id).inspect();
      return Date.parse(state.StartedAt) >= since ? Labels[connectorLabel] : undefined;
    }),
  );
  return new Set(ids.filter((id) => id !== undefined));
}

/** Asks until nothing is left to wait for, the time is over, or it is all to stop; answers with what is left. */
export async function waitFor(
  ask: () => Promise<readonly string[]>,
  options: {
    readonly signal: AbortSignal;
    readonly deadlineMs?: number;
    readonly onChange?: (left: readonly string[]) => void;
  },
): Promise<readonly string[]> {
  const begun = Date.now();
  let shown = '';
  for (;;) {
    const left = await ask();
    if (left.length === 0 || options.signal.aborted) return left;
    if (options.deadlineMs !== undefined && Date.now() - begun > options.deadlineMs) return left;
    if (left.join() !== shown) options.onChange?.(left);
    shown = left.join();
    await sleep(200, undefined, { signal: options.signal }).catch(() => undefined);
  }
}
