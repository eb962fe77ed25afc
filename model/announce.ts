import type { Health, RuntimeObject, Status } from './connector.ts';
import { type LifecycleLine, type Memory, maxLines } from './memory.ts';
import type { Desired } from './observation.ts';
import { doneLine } from './outcome.ts';
import { type Step, wanted } from './plan.ts';
import { healthMark, told } from './report.ts';

/**
 * What a step may tell the platform by itself as soon as its look shows that it worked: the platform knows half a round
 * trip earlier, and the workflow is spared a task and an activity. Whatever is not told here the workflow tells.
 */
export interface Announcement {
  /** The status the step is to bring about. */
  readonly status: Status;
  /** The platform does not hold that status yet. */
  readonly news: boolean;
  /** Unplanned ends of the object generation the step leaves behind. */
  readonly restarts: number;
  /** Lifecycle lines before the step, and the one it adds. */
  readonly lines: readonly LifecycleLine[];
  readonly line: Pick<LifecycleLine, 'event' | 'text'>;
}

/** What was told, for the workflow to remember. */
export interface Announced {
  /** ISO 8601; also the time of the step's line. */
  readonly at: string;
  readonly status?: Status;
  readonly health?: Health;
}

/**
 * Nothing in a reboot loop, where `started` has to be earned first, and nothing for a step on the way to something else
 * (the stop of a restart), which the platform need not see.
 */
export function announcement(m: Memory, step: Step, d: Desired): Announcement | undefined {
  const line = doneLine(step);
  if (m.looping || line === undefined || bringsUp(step) !== (wanted(d, m) === 'start')) return undefined;
  const status: Status = bringsUp(step) === true ? 'started' : 'stopped';
  const restarts = step.kind === 'deploy' || step.kind === 'refresh' ? 0 : m.restarts;
  return { status, news: told(m, d) !== status, restarts, lines: m.lines, line };
}

function bringsUp(step: Step): boolean | undefined {
  switch (step.kind) {
    case 'deploy':
    case 'refresh':
      return step.start;
    case 'start':
      return true;
    case 'stop':
      return false;
    case 'unpause':
    case 'rename':
    case 'remove':
      return undefined;
  }
}

/** What to tell after the look; nothing when the object is not as the step was to make it. */
export function toAnnounce(
  a: Announcement,
  object: RuntimeObject | undefined,
  at: string,
): { readonly status?: Status; readonly health?: Health; readonly lines: readonly LifecycleLine[] } | undefined {
  const status = object?.state === 'running' ? 'started' : object?.state === 'down' ? 'stopped' : undefined;
  if (object === undefined || status !== a.status) return undefined;
  const { startedAt } = object;
  return {
    ...(a.news ? { status } : {}),
    ...(status === 'started' && startedAt !== undefined
      ? {
          health: { restartCount: a.restarts, startedAt: new Date(startedAt).toISOString(), inRebootLoop: false },
        }
      : {}),
    lines: [...a.lines, { at, level: 'info' as const, ...a.line }].slice(-maxLines),
  };
}

/** Remembers what the platform was told. */
export const withAnnounced = (m: Memory, { at, status, health }: Announced): Memory => ({
  ...m,
  ...(status === undefined ? {} : { told: { status, at } }),
  ...(health === undefined ? {} : { healthTold: healthMark(health) }),
});
