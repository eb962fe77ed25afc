import type { RuntimeKind, RuntimeObject } from '../model/connector.ts';

/** What is needed to create one runtime object. `env` holds secrets: never log, never keep. */
export interface Spec {
  readonly connectorId: string;
  readonly name: string;
  /** Final reference: registry prefix applied, tag or digest present. */
  readonly image: string;
  /** In order, without duplicates; `sensitive` decides masking and, on Kubernetes, what goes into a Secret. */
  readonly env: readonly { readonly key: string; readonly value: string; readonly sensitive: boolean }[];
  readonly labels: Readonly<Record<string, string>>;
  readonly contractHash: string;
  readonly specHash: string;
  /** PEM bundle delivered to /etc/ssl/certs/xtm-proxy-ca.crt before the first start. */
  readonly caBundle?: string;
}

export interface RegistryAuth {
  readonly server: string;
  readonly username: string;
  readonly password: string;
  readonly email?: string;
}

export type PullPolicy = 'always' | 'missing' | 'never';

export interface LogLine {
  /** ISO 8601 as the runtime gives it. */
  readonly at: string;
  readonly text: string;
}

export interface RuntimeEvent {
  readonly connectorId: string;
  readonly ref: string;
  readonly action: 'start' | 'die' | 'oom' | 'destroy' | 'pause' | 'unpause' | 'create' | 'rename';
  /** ISO 8601. */
  readonly at: string;
}

export interface EngineInfo {
  /** Stable identity of the engine (Docker `/info` ID, cluster UID, ...). */
  readonly id: string;
  readonly version: string;
}

/** Reports progress of a long step in words ("pulling 3/5 layers, 40 %"); wired to the activity's heartbeat. */
export type Progress = (text: string) => void;

/**
 * What Cadenza asks of a container runtime. One implementation per file; index.ts picks by configuration. Every method
 * makes one attempt, honours the signal, and throws a `Problem`. "Not found" on remove or stop is success, the wanted
 * state already reached is success, and only a 404 is proof of absence: everything else is `RuntimeUnavailable`.
 */
export interface Runtime {
  readonly kind: RuntimeKind;
  engine(signal: AbortSignal): Promise<EngineInfo>;
  /** All objects with one of the manager ids, in any state, of every platform. */
  list(managerIds: readonly string[], signal: AbortSignal): Promise<readonly RuntimeObject[]>;
  /**
   * Everything that may be this connector's: objects with its connector label (any manager), and whatever holds one of
   * the names (with `runsConnector` set when it has no composer labels but an id variable of `idVariables` equal to
   * `variableId` in its environment). Details (startedAt, exit code, restarts) are filled in.
   */
  find(
    query: { readonly connectorId: string; readonly variableId: string; readonly names: readonly string[] },
    signal: AbortSignal,
  ): Promise<readonly RuntimeObject[]>;
  /** Makes the image available by the policy. Concurrent pulls of one reference share one download. */
  pull(
    image: string,
    policy: PullPolicy,
    auth: RegistryAuth | undefined,
    progress: Progress,
    signal: AbortSignal,
  ): Promise<void>;
  /** Creates the object (and starts it). The same connector id and hashes already there under this name: success. A taken name: `NameConflict`. */
  deploy(spec: Spec, start: boolean, signal: AbortSignal): Promise<void>;
  /**
   * Replaces `current` by an object built from `spec`. Safe to run again after an interruption at any
   * step: leftovers `<name>-next` and `<name>-prev` of this connector are completed or undone first. On failure the old
   * object is as it was, and the problem is `SwapUndone` or `CreateRefused`.
   */
  refresh(spec: Spec, current: string, start: boolean, signal: AbortSignal): Promise<void>;
  start(ref: string, signal: AbortSignal): Promise<void>;
  /** `force` kills at once instead of waiting for the grace period. */
  stop(ref: string, force: boolean, signal: AbortSignal): Promise<void>;
  unpause(ref: string, signal: AbortSignal): Promise<void>;
  /** In place, without a restart. */
  rename(ref: string, name: string, signal: AbortSignal): Promise<void>;
  /** Stops, removes with anonymous volumes, and verifies that it is gone. */
  remove(ref: string, signal: AbortSignal): Promise<void>;
  logs(
    ref: string,
    options: { readonly tail: number; readonly since?: string },
    signal: AbortSignal,
  ): Promise<readonly LogLine[]>;
  /** Streams until the signal aborts or the connection ends; throws `RuntimeUnavailable` when the engine goes away. `onOpen` is called once connected. */
  events(managerIds: readonly string[], onOpen: () => void, signal: AbortSignal): AsyncIterable<RuntimeEvent>;
  /** Follows the log until the signal aborts. */
  follow(ref: string, tail: number, signal: AbortSignal): AsyncIterable<LogLine>;
  /** Manifest digest (`sha256:...`) of the image this object runs; `undefined` when it came from no registry. */
  runningDigest(ref: string, signal: AbortSignal): Promise<string | undefined>;
  /** Manifest digest the registry gives for the reference now. Throws `ImagePull` when the registry does not tell. */
  availableDigest(image: string, auth: RegistryAuth | undefined, signal: AbortSignal): Promise<string>;
  close(): void;
}
