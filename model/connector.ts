/** The nouns of the product: what a platform wants (a record), and what a runtime has (an object). */
export type Platform = 'opencti' | 'openaev';
export type RuntimeKind = 'docker' | 'swarm' | 'kubernetes' | 'portainer';
export type Requested = 'start' | 'stop';
export type Status = 'started' | 'stopped';

export interface ConfigEntry {
  readonly key: string;
  /** Clear text, or an envelope when `encrypted`. */
  readonly value: string;
  readonly encrypted: boolean;
}

/** One entry of a platform listing. */
export interface ConnectorRecord {
  readonly id: string;
  readonly platform: Platform;
  readonly name: string;
  /** `''` means an unknown contract: never deployable (O7). */
  readonly image: string;
  readonly contractHash: string;
  /** `null`: the platform was never told; compares as stopped. */
  readonly currentStatus: Status | null;
  readonly requestedStatus: Requested;
  readonly configuration: readonly ConfigEntry[];
}

/** A record that could not be read; `id` is absent when even that was missing, and the listing is then not complete. */
export interface SkippedRecord {
  readonly id?: string;
  readonly name?: string;
  /** Where it could be read: a stop is honoured even when the rest of the record is no use. */
  readonly requestedStatus?: Requested;
  readonly reason: string;
}

export interface Listing {
  readonly records: readonly ConnectorRecord[];
  readonly skipped: readonly SkippedRecord[];
  /** False when a record's id could not be read: nothing may be removed on its strength. */
  readonly complete: boolean;
}

export type ObjectState = 'running' | 'down' | 'transitional' | 'paused' | 'failed';

/** One container, service or deployment as a runtime shows it. */
export interface RuntimeObject {
  /** The runtime's own id; all calls refer to it, never to the name. */
  readonly ref: string;
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly contractHash?: string;
  readonly specHash?: string;
  readonly state: ObjectState;
  /** What the runtime says about the state, without secrets. */
  readonly reason?: string;
  readonly image?: string;
  readonly imageDigest?: string;
  /** ISO 8601; start of the running (or last) process. Absent when it never started. */
  readonly startedAt?: string;
  readonly finishedAt?: string;
  readonly createdAt?: string;
  readonly exitCode?: number;
  readonly oomKilled?: boolean;
  /** Where the runtime runs an object in replaceable instances (pods, tasks): the present one. A new one is no crash by itself. */
  readonly instance?: string;
  /** Restarts the runtime made by itself since the object was created; ends of earlier instances count where they were failures. */
  readonly runtimeRestarts: number;
  /** It is not up, and the runtime keeps trying by itself: it is left to that, neither started again nor removed. */
  readonly retried?: boolean;
  /** Why nobody can know its state now (its node is lost); whatever `state` says, nothing is done about it. */
  readonly unknown?: string;
  /** True for an object without composer labels whose environment holds the wanted connector's id (I4, I7); set by `find` only. */
  readonly runsConnector?: boolean;
}

/** Content of one health push. */
export interface Health {
  readonly restartCount: number;
  /** ISO 8601 UTC with milliseconds. */
  readonly startedAt: string;
  readonly inRebootLoop: boolean;
}
