/** Everything the stand-in platform knows. One object per running sandbox; all other files are functions over it. */
import { createHash, createHmac } from 'node:crypto';
import { type AevState, createAevState } from './openaev/state.ts';
import { defaultRules, type Faults, type Rules } from './inputs.ts';

export interface StoredEntry {
  readonly key: string;
  /** An envelope when `encrypted`: the sandbox stores no secret in clear. */
  readonly value: string;
  readonly encrypted: boolean;
}

export interface Connector {
  readonly id: string;
  readonly name: string;
  readonly title: string;
  /** Absent for one that was added raw, without a contract. */
  readonly slug?: string;
  readonly type: string;
  readonly image: string;
  readonly userId: string;
  /** `stopped` after an add, then `starting` or `stopping`; users alone change it. */
  readonly requested: string;
  /** null until the manager reports for the first time. */
  readonly current: 'started' | 'stopped' | null;
  readonly configuration: readonly StoredEntry[];
  /** ISO 8601; set by a state reset, and part of the contract hash from then on. */
  readonly stateTimestamp?: string;
  readonly createdAt: string;
}

export interface Manager {
  readonly id: string;
  readonly name: string;
  readonly publicKey: string;
  readonly registeredAt: string;
  readonly lastSync: string;
}

export interface User {
  readonly id: string;
  readonly name: string;
  readonly capabilities: readonly string[];
}

export interface StatusCall {
  readonly at: string;
  readonly id: string;
  readonly name: string;
  readonly status: string;
  readonly previous: string | null;
}

/** One call of the manager, as it arrived; kept in memory only. */
export interface Call {
  readonly at: string;
  readonly operation: string;
  readonly connector?: string;
  readonly detail?: string;
}

interface Logs {
  readonly at: string;
  readonly lines: readonly string[];
}

export interface HealthReport {
  readonly restart_count: number;
  readonly started_at: string;
  readonly is_in_reboot_loop: boolean;
  readonly last_update: string;
}

/** The token a connector's own user was given last, as the manager sees it. */
interface IssuedToken {
  /** Which token of this user it is; a new one is issued when the cache has lost it. */
  readonly serial: number;
  readonly envelope: string;
  /** Milliseconds since 1970 by the sandbox clock. */
  readonly expiresAt: number;
}

export interface WorldOptions {
  /** Token of the built-in administrator. */
  readonly token: string;
  /** Image reference of every connector added from the catalogue, instead of the catalogue's own. */
  readonly image?: string;
  /** Add the demo connectors when the first manager registers. */
  readonly demo?: boolean;
  readonly rules?: Partial<Rules>;
}

export interface World {
  readonly options: WorldOptions;
  rules: Rules;
  faults: Faults;
  /** Milliseconds added to the real clock. */
  clockShift: number;
  demoAdded: boolean;
  readonly managers: Map<string, Manager>;
  readonly connectors: Map<string, Connector>;
  /** The stand-in OpenAEV beside it. */
  readonly openaev: AevState;
  readonly users: Map<string, User>;
  /** SHA-256 of a token to the id of its user. */
  readonly tokens: Map<string, string>;
  /** By user id. */
  readonly issued: Map<string, IssuedToken>;
  readonly logs: Map<string, Logs>;
  readonly health: Map<string, HealthReport>;
  statusCalls: StatusCall[];
  calls: Call[];
  /** Plaintexts seen since the start, so that a test can search for them. Never written anywhere. */
  readonly plaintexts: Set<string>;
  /** Called after every change worth keeping; the store hooks in here. */
  changed: () => void;
}

export const administratorId = '88ec0c6a-13ce-5e39-b486-354fe4a7084f';
export const catalogId = 'filigran-catalog-id';

export const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');

export function createWorld(options: WorldOptions): World {
  return {
    options,
    rules: { ...defaultRules, ...options.rules },
    faults: {},
    clockShift: 0,
    demoAdded: false,
    managers: new Map(),
    connectors: new Map(),
    openaev: createAevState(),
    users: new Map([[administratorId, { id: administratorId, name: 'admin', capabilities: ['BYPASS'] }]]),
    tokens: new Map([[sha256(options.token), administratorId]]),
    issued: new Map(),
    logs: new Map(),
    health: new Map(),
    statusCalls: [],
    calls: [],
    plaintexts: new Set(),
    changed: () => undefined,
  };
}

export const now = (world: World): number => Date.now() + world.clockShift;
export const timestamp = (world: World): string => new Date(now(world)).toISOString();

const keptCalls = 20_000;

/** Both lists are bounded, so that a sandbox left running for days does not grow. */
export function noteCall(world: World, operation: string, connector?: string, detail?: string): void {
  world.calls.push({
    at: timestamp(world),
    operation,
    ...(connector === undefined ? {} : { connector }),
    ...(detail === undefined ? {} : { detail }),
  });
  if (world.calls.length > keptCalls * 1.1) world.calls = world.calls.slice(-keptCalls);
}

const keptStatusCalls = 5000;

export function noteStatus(world: World, call: StatusCall): void {
  world.statusCalls.push(call);
  if (world.statusCalls.length > keptStatusCalls * 1.1) world.statusCalls = world.statusCalls.slice(-keptStatusCalls);
}

export function findConnector(world: World, ref: string): Connector | undefined {
  const byId = world.connectors.get(ref);
  if (byId !== undefined) return byId;
  for (const connector of world.connectors.values()) if (connector.name === ref) return connector;
  return undefined;
}

/** Derived from the administrator's token, so that no made-up secret has to be stored; looks like an OpenCTI token. */
export function madeSecret(world: World, purpose: string): string {
  const hex = createHmac('sha256', world.options.token).update(purpose).digest('hex');
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20, 32)].join('-');
}
