import type { ActionResult, CommandName } from '../../model/command.ts';
import type { Health } from '../../model/connector.ts';
import { resetCrashes } from '../../model/crash.ts';
import { details } from '../../model/details.ts';
import { identify } from '../../model/identity.ts';
import { type Memory, withLine, without } from '../../model/memory.ts';
import { type Desired, type Observation, actualDigest, desiredDigest, isCandidate } from '../../model/observation.ts';
import { wanted } from '../../model/plan.ts';
import { healthMark, told } from '../../model/report.ts';
import { type ConnectorInput, type ConnectorMemo, connectorWorkflowId } from '../messages.ts';

/** The pure remainder of the connector's workflow: views of its state, and what a command does to it. */
export interface EntityState {
  readonly memory: Memory;
  readonly desired: Desired | undefined;
  readonly observation: Observation | undefined;
}

/** Our object in the last look, if the runtime could be seen and there is exactly one to speak of. */
export function ownObject({ desired, observation }: EntityState) {
  if (desired === undefined || observation === undefined || observation.seen.kind === 'unknown') return undefined;
  const found = identify(desired, observation.seen.objects, observation.policy.managerIds);
  return found.kind === 'ours' ? found.object : undefined;
}

export function memoOf(input: ConnectorInput, s: EntityState): ConnectorMemo {
  const { memory: m, desired: d, observation: o } = s;
  const object = ownObject(s);
  const seen = o?.seen.kind === 'seen' ? o.seen.objects : [];
  const managerIds = o?.policy.managerIds ?? [];
  const status = object?.state === 'running' ? 'started' : 'stopped';
  const startedAt = object?.startedAt ?? m.known?.startedAt;
  const reported = d === undefined ? null : told(m, d);
  return {
    summary: {
      platform: input.platform,
      id: input.id,
      name: d?.name ?? input.id,
      phase: m.phase,
      requestedStatus: d === undefined ? 'stop' : wanted(d, m),
      currentStatus: status,
      reportedStatus: reported,
      runtime: input.runtime,
      container: object?.name ?? null,
      image: d?.image ?? '',
      contractHash: d?.contractHash ?? '',
      restarts: m.restarts,
      since: m.since,
      lastError: m.lastError ?? null,
      workflowId: connectorWorkflowId(input.platform, input.id),
    },
    marks: {
      // With what the platform was told, so that our own report coming back in the next listing is nothing new. While the
      // record cannot be read the mark is empty, so that the poll that can read it again signals it.
      desired: d === undefined || o?.problem !== undefined ? '' : desiredDigest({ ...d, reported }),
      actual: actualDigest(seen.filter((x) => isCandidate(x, input.id, input.platform, managerIds))),
      queue: input.runtimeQueue,
      looping: m.looping,
      lines: m.lines.at(-1)?.at ?? '',
      ...(startedAt === undefined ? {} : { startedAt }),
    },
  };
}

export const markdownOf = (input: ConnectorInput, s: EntityState, doing?: string, nextLook?: string): string =>
  details(memoOf(input, s).summary, s.memory, s.desired, doing, nextLook);

/**
 * Health to push at once: after a start, when the restart count or the loop flag changes, and once more when a flagged
 * connector stops. `undefined`: nothing new (the regular pushes are the worker's).
 */
export function healthToTell(s: EntityState): { readonly health: Health; readonly mark: string } | undefined {
  const { memory: m } = s;
  const object = ownObject(s);
  const startedAt = object?.startedAt ?? m.known?.startedAt;
  const wasLooping = m.healthTold?.endsWith(' true') ?? false;
  const up = object?.state === 'running';
  if (startedAt === undefined || !(up || m.looping || wasLooping)) return undefined;
  const started = new Date(startedAt).toISOString();
  const health = { restartCount: m.restarts, startedAt: started, inRebootLoop: m.looping };
  const mark = healthMark(health);
  return mark === m.healthTold ? undefined : { mark, health };
}

/** A connector under an operator's command: what changes in the memory before the next plan. */
export function applyCommand(m: Memory, d: Desired | undefined, command: CommandName, now: number): Memory {
  const at = new Date(now).toISOString();
  const retry = without(m, 'failure', 'lastError', 'stopFailures');
  const line = (x: Memory, text: string) => withLine(x, at, 'info', 'command', text);
  const override = (requested: 'start' | 'stop'): Memory => {
    const fresh = resetCrashes({ ...retry, paused: false });
    const next =
      d === undefined || d.requested === requested
        ? without(fresh, 'override')
        : { ...fresh, override: { requested, instead: d.requested, at } };
    return { ...next, requested };
  };
  switch (command) {
    case 'start':
      return line(override('start'), 'an operator asked for a start');
    case 'stop':
      return line(override('stop'), 'an operator asked for a stop');
    case 'restart':
      return line(override('start'), 'an operator asked for a restart');
    case 'redeploy':
      return line({ ...resetCrashes(retry), redeploy: true }, 'an operator asked for a new container');
    case 'pause':
      return line({ ...m, paused: true }, 'an operator told Cadenza to leave this connector alone');
    case 'resume':
      return line(without({ ...retry, paused: false }, 'override'), 'an operator handed the connector back');
    case 'reconcile':
      return retry;
  }
}

/** One command waiting for the connector to come to rest. */
export interface Job {
  readonly command: CommandName;
  readonly fresh: boolean;
  taken: boolean;
  done: boolean;
  /** `restart` stops the process before the plan starts it again. */
  restartPending: boolean;
  readonly actions: ActionResult[];
}
