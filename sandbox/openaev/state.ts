/** What the stand-in OpenAEV keeps, beside the stand-in OpenCTI and with the same clock, tokens and users. */
import { z } from 'zod';
import { listingFaultsSchema, operationFaultsSchema } from '../inputs.ts';
import type { StoredEntry } from '../world.ts';

export interface Instance {
  readonly id: string;
  readonly title: string;
  /** Absent for one that was added raw, without a contract. */
  readonly slug?: string;
  readonly type: string;
  readonly image: string;
  /** `stopping` after an add; users alone change it. */
  readonly requested: 'starting' | 'stopping';
  readonly current: 'started' | 'stopped';
  readonly configuration: readonly StoredEntry[];
  readonly createdAt: string;
}

export interface AevManager {
  readonly id: string;
  readonly name: string;
  readonly publicKey: string;
  /** The platform's version when it registered: all that a ping ever tells. */
  readonly version: string;
  readonly lastSync: string;
}

export interface AevHealth {
  readonly restart_count: number;
  readonly started_at: string | null;
  readonly is_in_reboot_loop: boolean;
  readonly last_update: string;
}

/** How it behaves by itself; releases differ in these. */
export const aevRulesSchema = z.strictObject({
  platformVersion: z.string().min(1),
  envelopeVersion: z.union([z.literal(1), z.literal(2)]),
  /** Name with the value of the `*_ID` key behind the title (from 2.4.0). */
  idInName: z.boolean(),
  /** Image with its version (not in the very first builds). */
  imageVersion: z.boolean(),
  /** How many log elements are kept: 3, 5, 10. */
  logsKept: z.int().min(1),
  /** A JSON object as the answer to a log push (2.1) instead of an empty body. */
  logsReply: z.boolean(),
  /** A running instance cannot be deleted. */
  keepsRunning: z.boolean(),
  /** What a missing right is answered with. */
  forbidden: z.union([z.literal(403), z.literal(404)]),
});
export type AevRules = z.infer<typeof aevRulesSchema>;

export const defaultAevRules: AevRules = {
  platformVersion: '3.260728.0',
  envelopeVersion: 1,
  idInName: true,
  imageVersion: true,
  logsKept: 10,
  logsReply: false,
  keepsRunning: true,
  forbidden: 403,
};

/** The switches of the stand-in OpenCTI that make sense here; operations are `version`, `register`, `ping`, `list`, `status`, `logs`, `health`. */
export const aevFaultsSchema = z.strictObject({
  operations: operationFaultsSchema.optional(),
  listing: listingFaultsSchema.optional(),
  missingRights: z.array(z.enum(['CATALOG_READ', 'CATALOG_WRITE', 'ACCESS_PLATFORM_SETTINGS'])).optional(),
  missingFeatures: z.array(z.enum(['health', 'logs', 'manager'])).optional(),
});
export type AevFaults = z.infer<typeof aevFaultsSchema>;

export interface AevState {
  rules: AevRules;
  faults: AevFaults;
  demoAdded: boolean;
  manager: AevManager | null;
  readonly instances: Map<string, Instance>;
  /** Elements as stored, oldest first. */
  readonly logs: Map<string, { readonly at: string; readonly elements: readonly string[] }>;
  readonly health: Map<string, AevHealth>;
}

export const createAevState = (): AevState => ({
  rules: defaultAevRules,
  faults: {},
  demoAdded: false,
  manager: null,
  instances: new Map(),
  logs: new Map(),
  health: new Map(),
});

const savedMaps = ['instances', 'logs', 'health'] as const;

/** Fault switches are not saved. */
export const aevSnapshot = ({ rules, demoAdded, manager, ...maps }: AevState): Readonly<Record<string, unknown>> => ({
  rules,
  demoAdded,
  manager,
  ...Object.fromEntries(savedMaps.map((name) => [name, [...maps[name]]])),
});

export function aevRestore(state: AevState, saved: Readonly<Record<string, unknown>>): void {
  state.rules = aevRulesSchema.parse({ ...state.rules, ...(saved['rules'] as object) });
  state.demoAdded = saved['demoAdded'] === true;
  state.manager = (saved['manager'] ?? null) as AevManager | null;
  for (const name of savedMaps)
    for (const [key, value] of saved[name] as [string, never][]) state[name].set(key, value);
}
