import type { Client } from '@temporalio/client';
import type { ConnectorRecord, Platform } from '../model/connector.ts';
import type { OrphanPolicy } from '../model/orphans.ts';
import type { Policy } from '../model/policy.ts';
import type { PlatformClient } from '../platforms/platform.ts';
import type { PullPolicy, RegistryAuth, Runtime, Spec } from '../runtimes/runtime.ts';
import type { Board } from './board.ts';
import type { Contact } from './contact.ts';
import type { Records } from './records.ts';
import type { Registration } from './registration.ts';

/** Where a worker keeps what one platform needs; made once per process by worker/platforms.ts. */
export interface Site {
  readonly platform: Platform;
  readonly client: PlatformClient;
  readonly runtime: Runtime;
  /** Queue of the engine's workers; `''` until the engine has answered for the first time. */
  runtimeQueue: string;
  readonly policy: Policy;
  readonly orphanPolicy: OrphanPolicy;
  /** Decrypts, so only a deploy or refresh may call it, and its result is forgotten with that attempt. */
  readonly environment: (record: ConnectorRecord) => Pick<Spec, 'env' | 'caBundle'>;
  /** Labels every new object carries. */
  readonly labels: (record: ConnectorRecord, specHash: string) => Spec['labels'];
  /** Applies the registry prefix and completes the tag. */
  readonly resolveImage: (image: string) => string;
  /** Credentials for this reference, if it is on the configured registry. */
  readonly registryAuth: (image: string) => RegistryAuth | undefined;
  readonly pullPolicy: PullPolicy;
  readonly specHash: (image: string) => string;
  /** All in ms. */
  readonly cadence: {
    readonly poll: number;
    readonly ping: number;
    readonly health: number;
    readonly logs: number;
    readonly pullTimeout: number;
  };
  readonly logTail: number;
  /** How many connectors of this platform are replaced at a time: an upgrade changes all of them at once. */
  readonly refreshConcurrency: number;
  /** Log the environment at every deploy and refresh; `clear` shows secrets, which only an operator's own setting does. */
  readonly showEnvironment: 'off' | 'masked' | 'clear';
  readonly records: Records;
  readonly registration: Registration;
  readonly contact: Contact;
  readonly board: Board;
}

export interface Log {
  debug(message: string, data?: Record<string, unknown>): void;
  info(message: string, data?: Record<string, unknown>): void;
  warn(message: string, data?: Record<string, unknown>): void;
  error(message: string, data?: Record<string, unknown>): void;
}

/** Counts and gauges; all carry the prefix `cadenza_`. */
export interface Metrics {
  /** Age of the last good poll is computed by the exporter from this time. */
  synced(platform: Platform, seconds: number): void;
  connectors(platform: Platform, total: number): void;
  action(platform: Platform, action: string, outcome: 'done' | 'failed'): void;
  guard(platform: Platform, active: boolean): void;
  pushed(platform: Platform, what: 'logs' | 'health' | 'status', outcome: 'done' | 'failed'): void;
}

export interface Deps {
  readonly sites: ReadonlyMap<Platform, Site>;
  readonly temporal: Client;
  readonly taskQueue: string;
  readonly log: Log;
  readonly metrics: Metrics;
  /** Aborts when the worker is to stop; activities without an end listen to it. */
  readonly stopping?: AbortSignal;
  /** Epoch ms; replaced in tests. */
  readonly now: () => number;
}
