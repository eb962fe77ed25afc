import type { Announced, Announcement } from '../model/announce.ts';
import type { ActionResult } from '../model/command.ts';
import type { Health, Platform, Status } from '../model/connector.ts';
import type { LifecycleLine } from '../model/memory.ts';
import type { Observation } from '../model/observation.ts';
import type { SweepReport, SyncRecord } from '../workflows/messages.ts';

/** Which connector; every activity fetches what it needs by this key and takes nothing secret. */
export interface ConnectorKey {
  readonly platform: Platform;
  readonly id: string;
}

/** A record as the entity planned with it; the activity refuses (`Superseded`) when the platform has moved on. */
export interface WantedVersion extends ConnectorKey {
  readonly contractHash: string;
  readonly specHash: string;
  /** Ask the registry although the pull policy is `missing`. */
  readonly fresh?: boolean;
}

/** What a step may tell the platform when its look shows that it worked. */
export interface Announcing {
  readonly announce?: Announcement;
}

/** The look that followed a step, and what the platform was told of it. */
export interface Acted extends Observation {
  readonly announced?: Announced;
}

/** Activities on the queue of the runtime they need. Each mutation answers with a fresh look. */
export interface RuntimeActivities {
  observe(key: ConnectorKey): Promise<Observation>;
  deploy(want: WantedVersion & Announcing & { readonly name: string; readonly start: boolean }): Promise<Acted>;
  refresh(
    want: WantedVersion & Announcing & { readonly ref: string; readonly name: string; readonly start: boolean },
  ): Promise<Acted>;
  start(key: ConnectorKey & Announcing & { readonly ref: string }): Promise<Acted>;
  stop(key: ConnectorKey & Announcing & { readonly ref: string; readonly force: boolean }): Promise<Acted>;
  unpause(key: ConnectorKey & { readonly ref: string }): Promise<Observation>;
  rename(key: ConnectorKey & { readonly ref: string; readonly name: string }): Promise<Observation>;
  /** With `confirmGone` the platform is asked once more; `Superseded` when it lists the connector after all. */
  remove(key: ConnectorKey & { readonly ref: string; readonly confirmGone: boolean }): Promise<Observation>;
  /** One poll: lists both sides and signals the connectors that have something to deal with. */
  syncPlatform(request: SyncRequestArgs): Promise<SyncResult>;
  /** Runs for as long as the platform does: engine events become signals; health and logs are posted in bulk. */
  watch(request: { readonly platform: Platform }): Promise<void>;
  sweepOrphans(request: { readonly platform: Platform }): Promise<SweepOutcome>;
}

/** Activities that need the platform only. */
export interface MainActivities {
  /** Registers and pings for as long as the platform's workflow runs; independent of listing and runtime. */
  keepAlive(request: { readonly platform: Platform }): Promise<void>;
  report(report: Report): Promise<ReportOutcome>;
}

export interface Report extends ConnectorKey {
  readonly status?: Status;
  readonly health?: Health;
  /** All lifecycle lines of the connector (newest 20); merged into the log the platform shows. */
  readonly lines?: readonly LifecycleLine[];
}

export interface ReportOutcome {
  /** False: the platform no longer knows the connector; the next listing decides. */
  readonly known: boolean;
  /** ISO 8601: when the status was accepted. */
  readonly at: string;
}

export interface SyncRequestArgs {
  readonly platform: Platform;
  /** Answer with what each connector will do, and ignore what was signalled before. */
  readonly explain?: boolean;
  /** Only this connector id. */
  readonly connector?: string;
}

export interface SyncResult extends SyncRecord {
  /** Filled when `explain` is set; at most 200 entries. */
  readonly planned: readonly ActionResult[];
  readonly failed: readonly ActionResult[];
}

export interface SweepOutcome {
  readonly report: SweepReport;
}
