import type { ObjectState, Requested, Status } from './connector.ts';
import type { ErrorSummary } from './errors.ts';
import { shortHash } from './observation.ts';
import type { Phase } from './phase.ts';

/** A line Cadenza itself adds to the log the platform shows. Never holds a secret or a line of the connector's log. */
export interface LifecycleLine {
  /** ISO 8601. */
  readonly at: string;
  readonly level: 'info' | 'warn' | 'error';
  readonly event: LifecycleEvent;
  readonly text: string;
}

export type LifecycleEvent =
  | 'adopted'
  | 'deployed'
  | 'started'
  | 'stopped'
  | 'refreshed'
  | 'renamed'
  | 'removed'
  | 'pull_failed'
  | 'create_failed'
  | 'start_failed'
  | 'stop_failed'
  | 'swap_undone'
  | 'decrypt_failed'
  | 'invalid_record'
  | 'name_conflict'
  | 'foreign_manager'
  | 'unmanaged_duplicate'
  | 'crashed'
  | 'reboot_loop'
  | 'reboot_loop_end'
  | 'local_drift'
  | 'runtime_unreachable'
  | 'command';

export interface Transition {
  readonly at: string;
  readonly from: Phase;
  readonly to: Phase;
  readonly reason: string;
}

/** The last failed action and when it may be tried again. */
export interface Failure {
  readonly action: string;
  /** Contract and spec hash it failed for; another one is a new chance at once. */
  readonly key: string;
  readonly error: ErrorSummary;
  readonly attempts: number;
  /** Whether the object was up when the action first failed: then it is kept up, otherwise left down. */
  readonly wasUp: boolean;
  /** Epoch ms; `Number.MAX_SAFE_INTEGER`: not before the key changes or a person helps. */
  readonly retryAt: number;
  /** ISO 8601 of the first failure in this row. */
  readonly since: string;
}

/** What an operator asked for instead of what the platform asks for; ends when the platform's request changes. */
export interface Override {
  readonly requested: Requested;
  /** The platform's request at that time. */
  readonly instead: Requested;
  readonly at: string;
}

/** The process we believe is there; a difference to the next look is a start, a stop or a crash. */
export interface Known {
  readonly ref: string;
  readonly state: ObjectState;
  readonly startedAt?: string;
  readonly instance?: string;
  readonly runtimeRestarts: number;
  readonly contractHash?: string;
  readonly specHash?: string;
}

/** All that a connector's workflow remembers between two looks; travels through continue-as-new. Under 16 KB. */
export interface Memory {
  readonly phase: Phase;
  /** ISO 8601: since when this phase. */
  readonly since: string;
  readonly known?: Known;
  /** Unplanned ends since the last reset; decides about reboot loops. */
  readonly crashes: number;
  /** Unplanned ends of the present object generation; what the platform sees as restart count. */
  readonly restarts: number;
  /** Epoch ms of the last crash. */
  readonly crashedAt?: number;
  /** Epoch ms before which a crashing connector is not started. `Infinity` is written as `Number.MAX_SAFE_INTEGER`. */
  readonly startDueAt?: number;
  readonly looping: boolean;
  readonly failure?: Failure;
  readonly lastError?: ErrorSummary;
  /** Failed looks at the runtime in a row. */
  readonly blind: number;
  readonly override?: Override;
  readonly paused: boolean;
  /** What the platform was last told, and when the push was made (ISO 8601). */
  readonly told?: { readonly status: Status; readonly at: string };
  /** Epoch ms since when an unplanned in-between state lasts. */
  readonly betweenSince?: number;
  /** Restart count, start time and loop flag the platform was last told. */
  readonly healthTold?: string;
  /** An operator asked for a new object although the hashes are equal. */
  readonly redeploy?: boolean;
  /** With the new container comes what the registry has now, also where the pull policy says `missing`. */
  readonly fresh?: boolean;
  /** Failed attempts in a row to stop the object; from the third on it is killed. */
  readonly stopFailures?: number;
  /** The last request acted upon; a change from stop to start by the user resets the crash count. */
  readonly requested?: Requested;
  /** `<event>:<hash of the detail>` of one-time lines already written, so that they come once per change. */
  readonly noted: readonly string[];
  readonly lines: readonly LifecycleLine[];
  readonly transitions: readonly Transition[];
}

export const maxLines = 20;
export const maxTransitions = 20;
export const maxText = 300;
const maxReason = 200;

export const newMemory = (at: string): Memory => ({
  phase: 'absent',
  since: at,
  crashes: 0,
  restarts: 0,
  looping: false,
  blind: 0,
  paused: false,
  noted: [],
  lines: [],
  transitions: [],
});

/** Adds a lifecycle line; the newest 20 are kept. */
export const withLine = (
  m: Memory,
  at: string,
  level: LifecycleLine['level'],
  event: LifecycleEvent,
  text: string,
): Memory => ({ ...m, lines: [...m.lines, { at, level, event, text: text.slice(0, maxText) }].slice(-maxLines) });

/** As `withLine`, but once as long as `detail` stays the same for this event. */
export function withNote(
  m: Memory,
  at: string,
  level: LifecycleLine['level'],
  event: LifecycleEvent,
  text: string,
  detail = text,
): Memory {
  const tag = `${event}:${shortHash(detail)}`;
  if (m.noted.includes(tag)) return m;
  const noted = [...m.noted.filter((t) => !t.startsWith(`${event}:`)), tag];
  return { ...withLine(m, at, level, event, text), noted };
}

/** Lets the next occurrence of these events be written again. */
export const forgetNotes = (m: Memory, ...events: readonly LifecycleEvent[]): Memory =>
  m.noted.some((t) => events.some((e) => t.startsWith(`${e}:`)))
    ? { ...m, noted: m.noted.filter((t) => !events.some((e) => t.startsWith(`${e}:`))) }
    : m;

/** Moves to a phase and records why; the newest 20 transitions are kept. Same phase: nothing changes. */
export const withPhase = (m: Memory, at: string, phase: Phase, reason: string): Memory =>
  m.phase === phase
    ? m
    : {
        ...m,
        phase,
        since: at,
        transitions: [...m.transitions, { at, from: m.phase, to: phase, reason: reason.slice(0, maxReason) }].slice(
          -maxTransitions,
        ),
      };

/** Drops optional members; `exactOptionalPropertyTypes` forbids setting them to undefined. */
export function without<K extends keyof Memory>(m: Memory, ...keys: readonly K[]): Memory {
  const copy: Record<string, unknown> = { ...m };
  for (const key of keys) delete copy[key];
  return copy as unknown as Memory;
}

/** Text form of a lifecycle line as it stands in the connector's log. */
export const lineText = (l: LifecycleLine): string => `${l.at} [cadenza] ${l.level} ${l.event}: ${l.text}`;
