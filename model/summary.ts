import type { Platform, Requested, RuntimeKind, Status } from './connector.ts';
import type { ErrorSummary } from './errors.ts';
import type { Phase } from './phase.ts';

/**
 * One line of `cadenza list`. Kept as the workflow's memo, so that one visibility call lists a whole fleet, also while
 * no worker is up; under 1.5 KB.
 */
export interface ConnectorSummary {
  readonly platform: Platform;
  readonly id: string;
  readonly name: string;
  readonly phase: Phase;
  /** What is asked for now: the operator's override if there is one, else the platform's request. */
  readonly requestedStatus: Requested;
  /** What was last seen. */
  readonly currentStatus: Status;
  /** What the platform was last told; null: never. */
  readonly reportedStatus: Status | null;
  readonly runtime: RuntimeKind;
  /** Name of the container, service or deployment; null: none. */
  readonly container: string | null;
  readonly image: string;
  readonly contractHash: string;
  readonly restarts: number;
  /** ISO 8601: since when this phase. */
  readonly since: string;
  readonly lastError: ErrorSummary | null;
  readonly workflowId: string;
}

/** The memo's other half, for the worker: what lets it skip connectors that have nothing to do. */
export interface ConnectorMarks {
  /** Digest of the record the entity has dealt with. */
  readonly desired: string;
  /** Digest of the objects the entity has seen. */
  readonly actual: string;
  /** Task queue of the runtime it saw them on. */
  readonly queue?: string;
  /** Start of the running process, ISO 8601; for health. */
  readonly startedAt?: string;
  readonly looping: boolean;
  /** Time of the newest lifecycle line; a change makes the worker fetch the lines. */
  readonly lines: string;
}
