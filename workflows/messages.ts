import { defineQuery, defineSignal, defineUpdate } from '@temporalio/workflow';
import type { ActionResult, CommandName, CommandResult } from '../model/command.ts';
import type { Platform, RuntimeKind, Status } from '../model/connector.ts';
import type { ErrorSummary } from '../model/errors.ts';
import type { Memory } from '../model/memory.ts';
import type { Desired, Observation } from '../model/observation.ts';
import type { Candidate, SweepResult, SweepState } from '../model/orphans.ts';
import type { ConnectorMarks, ConnectorSummary } from '../model/summary.ts';

/** Every workflow id, signal, update and query, and the shapes that cross them. Payloads stay under 8 KB. */

export const connectorWorkflowId = (platform: Platform, id: string): string => `connector:${platform}:${id}`;
export const platformWorkflowId = (platform: Platform): string => `platform:${platform}`;
export const orphansScheduleId = (platform: Platform): string => `orphans:${platform}`;

export const mainQueue = (prefix: string): string => `${prefix}-main`;
/** `engineId` is part of the name, so that only workers on the same engine take its work. */
export const runtimeQueue = (prefix: string, kind: RuntimeKind, engineId: string): string =>
  `${prefix}-runtime-${kind}-${engineId
    .replace(/[^A-Za-z0-9]/g, '')
    .slice(0, 16)
    .toLowerCase()}`;

/** Memo of a connector workflow: `summary` for people, `marks` for the worker. */
export interface ConnectorMemo {
  readonly summary: ConnectorSummary;
  readonly marks: ConnectorMarks;
}

// ---- connector workflow -------------------------------------------------------------------------------------------

export interface ConnectorInput {
  readonly platform: Platform;
  readonly id: string;
  readonly runtime: RuntimeKind;
  readonly runtimeQueue: string;
  /** Continue as new after this many events, for tests; otherwise the server's suggestion is followed. */
  readonly maxHistory?: number;
  /** Carried through continue-as-new. */
  readonly carried?: { readonly memory: Memory; readonly observation?: Observation; readonly desired?: Desired };
}

/** The poller or the event watcher saw something that the entity has not dealt with. */
export const observe = defineSignal<[Observation]>('observe');
/** The engine said something happened to this connector's object: look again. `event` is `die`, `start`, ... */
export const wake = defineSignal<[{ readonly event: string }]>('wake');
/** A confirmed orphan: remove what is there and end. */
export const retire = defineSignal<[{ readonly reason: string; readonly observation?: Observation }]>('retire');
/** Continue as new as soon as nothing is pending, so that new workflow code takes over. */
export const upgrade = defineSignal('upgrade');

/** A command of an operator; answers when the connector has come to rest or after `waitMs` (default 60 s). */
export const apply = defineUpdate<
  CommandResult,
  [{ readonly command: CommandName; readonly waitMs?: number; readonly fresh?: boolean }]
>('apply');

/** Everything known of one connector: `show`. */
export interface ConnectorState {
  readonly summary: ConnectorSummary;
  readonly memory: Memory;
  readonly desired: Desired | null;
  /** Step under way right now, with when it began (ISO 8601). */
  readonly doing: { readonly action: string; readonly since: string } | null;
  /** ISO 8601 of the next timed look; null: sleeps until something changes. */
  readonly nextLook: string | null;
}
export const connectorState = defineQuery<ConnectorState>('state');

// ---- platform workflow --------------------------------------------------------------------------------------------

/** What a worker that can reach the runtime tells the platform's workflow at its start. */
export interface Attachment {
  readonly runtime: RuntimeKind;
  readonly engineId: string;
  readonly runtimeQueue: string;
  /** Period of the poll in ms (`manager.execute_schedule`). */
  readonly period: number;
}

export interface PlatformInput {
  readonly platform: Platform;
  readonly attachment: Attachment;
  readonly maxHistory?: number;
  readonly carried?: PlatformCarried;
}

export interface PlatformCarried {
  readonly lastSync?: SyncRecord;
  readonly failures: number;
  readonly sweep?: SweepReport;
  readonly confirmed?: Confirmation;
}

export interface SyncRecord {
  /** ISO 8601. */
  readonly at: string;
  readonly seen: number;
  /** Connectors that were told to act. */
  readonly signalled: number;
  /** Records that could not be read. */
  readonly skipped: number;
  readonly error?: ErrorSummary;
  readonly version?: string;
}

/** Rejected with type `WrongEngine` when the platform is pinned to another engine. */
export const attach = defineUpdate<{ readonly attached: true }, [Attachment]>('attach');
/** Lets the next worker that attaches bring another engine: `cadenza move <platform>`. */
export const move = defineUpdate<{ readonly from: string }, []>('move');

export interface SyncRequest {
  /** Only this connector (id). */
  readonly connector?: string;
}
export interface SyncOutcome {
  readonly platform: Platform;
  readonly seen: number;
  /** What the entities will do; capped at 200 entries. */
  readonly planned: readonly ActionResult[];
  /** Records that could not be read, and the listing's error if it failed. */
  readonly failed: readonly ActionResult[];
}
/** A poll at once, whatever the period; the connectors with something to do are signalled before it answers. */
export const syncNow = defineUpdate<SyncOutcome, [SyncRequest]>('syncNow');
/** The engine or the platform is back, or something changed that belongs to no known connector: poll at once. */
export const nudge = defineSignal<[{ readonly why: string }]>('nudge');

/**
 * Outcome of the last orphan sweep; sent by the sweep when it differs from the one before. The platform's workflow keeps
 * it for the next one: a Schedule's last completion result is not handed to runs that were triggered.
 */
export interface SweepReport {
  readonly state: SweepState;
  /** ISO 8601. */
  readonly at: string;
  readonly candidates: readonly Candidate[];
  readonly guard: SweepResult['guard'];
  readonly unassigned: SweepResult['unassigned'];
  readonly removed: readonly string[];
}
export const swept = defineSignal<[SweepReport]>('swept');

export interface Confirmation {
  readonly ids: readonly string[];
  /** ISO 8601; 15 minutes after the operator confirmed. */
  readonly until: string;
}
/** Confirms exactly the candidates an operator was shown; rejected when the set has changed since. */
export const confirmOrphans = defineUpdate<Confirmation, [{ readonly ids: readonly string[] }]>('confirmOrphans');

export interface PlatformState {
  readonly platform: Platform;
  readonly attachment: Attachment;
  readonly lastSync: SyncRecord | null;
  readonly sweep: SweepReport | null;
  readonly confirmed: Confirmation | null;
}
export const platformState = defineQuery<PlatformState>('state');

export type { ActionResult, CommandResult, Status };
