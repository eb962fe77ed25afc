import type { Health, Listing, Platform, Status } from '../model/connector.ts';

/**
 * What Cadenza asks of a platform. One implementation per file; index.ts picks. Every method makes one attempt, honours
 * the signal, and throws a `Problem`: `PlatformUnavailable` (retry), `NotPermitted` (token or right; names the missing
 * right), `ManagerConflict` (another manager is registered), `Gone` (connector or manager unknown), `FeatureMissing`,
 * `RequestRefused` (this payload is no use; drop it), `InvalidConfiguration` (the platform is too old, or does not take
 * our name). An aborted call throws the signal's reason.
 */
export interface PlatformClient {
  readonly platform: Platform;
  /** What a log push does to the lines shown so far: `replaced` (OpenCTI), or `extended` by one entry (OpenAEV). */
  readonly logs: 'replaced' | 'extended';
  /** `exclusive`: a second manager is refused (OpenCTI). `overwrites`: it silently takes the place (OpenAEV). */
  readonly registration: 'exclusive' | 'overwrites';
  /** The version the platform runs. */
  version(signal: AbortSignal): Promise<string>;
  /** Registers this manager with its public key; repeating it is harmless. Returns the platform's version. */
  register(signal: AbortSignal): Promise<string>;
  /** Tells the platform that the manager is alive. Returns the platform's version. `Gone`: register again. */
  ping(signal: AbortSignal): Promise<string>;
  /** The complete desired state. A failed, null or unparsable listing throws; it is never an empty list. */
  list(signal: AbortSignal): Promise<Listing>;
  reportStatus(id: string, status: Status, signal: AbortSignal): Promise<void>;
  /** All lines to show (`replaced`), or those not sent before (`extended`); oldest first. */
  pushLogs(id: string, lines: readonly string[], signal: AbortSignal): Promise<void>;
  pushHealth(id: string, health: Health, signal: AbortSignal): Promise<void>;
  /** Drops the connections; requests under way fail. */
  close(): Promise<void>;
}
