/** What a person or a test may hand to the sandbox: rules, fault switches, connectors. Unknown keys are refused, so a typo is seen. */
import { z } from 'zod';

/** How the stand-in platform behaves by itself; changed with `PUT /control/rules`, kept over a restart. */
export const rulesSchema = z.strictObject({
  /** Shown by `about`, at registration and at every ping. */
  platformVersion: z.string().min(1),
  /** Version byte of newly encrypted values; stored ones keep theirs until they are saved again. */
  envelopeVersion: z.union([z.literal(1), z.literal(2)]),
  /** `OPENCTI_TOKEN` encrypted (7.x) or in clear (up to 6.9). */
  encryptToken: z.boolean(),
  /** Refuse a second manager id. */
  singleManager: z.boolean(),
  /** The licence that adding a connector asks for. */
  enterprise: z.boolean(),
  /** Proxy keys at the end of every configuration; null as on platforms that do not send them. */
  proxy: z
    .strictObject({
      HTTP_PROXY: z.string(),
      HTTPS_PROXY: z.string(),
      NO_PROXY: z.string(),
      HTTPS_CA_CERTIFICATES: z.string(),
      HTTPS_PROXY_REJECT_UNAUTHORIZED: z.enum(['true', 'false']),
    })
    .partial()
    .nullable(),
});
export type Rules = z.infer<typeof rulesSchema>;

export const defaultRules: Rules = {
  platformVersion: '7.260817.0',
  envelopeVersion: 2,
  encryptToken: true,
  singleManager: true,
  enterprise: true,
  proxy: { HTTPS_PROXY_REJECT_UNAUTHORIZED: 'true' },
};

const operationFault = z.strictObject({
  /** Milliseconds before anything else happens. */
  delayMs: z.int().min(0).optional(),
  /** An HTML page with this status, as a reverse proxy sends it. */
  status: z.int().min(400).max(599).optional(),
  /** Never answer. */
  hang: z.boolean().optional(),
  /** Cut the connection. */
  drop: z.boolean().optional(),
  /** 200, but a body that is no JSON. */
  garbage: z.boolean().optional(),
  /** A GraphQL error with HTTP 200. */
  error: z
    .strictObject({
      code: z.string(),
      message: z.string(),
      httpStatus: z.int().optional(),
      genre: z.string().optional(),
    })
    .optional(),
  /** Carry the operation out first: what was done stays done, only the answer is spoilt. */
  after: z.boolean().optional(),
  /** Wears off after this many requests. */
  times: z.int().min(1).optional(),
});
export type OperationFault = z.infer<typeof operationFault>;

const refs = z.array(z.string());
const fieldsOf = z.record(z.string(), z.array(z.string()));

export const operationFaultsSchema = z.record(z.string(), operationFault);

/** Connectors are named by id or name; `*` is every connector. */
export const listingFaultsSchema = z.strictObject({
  /** `full`: exactly 500 records, filled up with records that have no image. */
  mode: z.enum(['null', 'empty', 'partial', 'full']).optional(),
  /** How many records `partial` shows. Default 1. */
  first: z.int().min(0).optional(),
  /** The last byte of every ciphertext is flipped. */
  corruptSecrets: refs.optional(),
  /** `encrypted: true` with a null value. */
  nullSecrets: refs.optional(),
  emptyImages: refs.optional(),
  /** The name shown instead: not sanitised, too long, taken by another, or simply new. */
  names: z.record(z.string(), z.string()).optional(),
  /** Fields shown as null although the schema says they never are. */
  nullFields: fieldsOf.optional(),
  /** Fields left out of the reply. */
  missingFields: fieldsOf.optional(),
});

export const faultsSchema = z.strictObject({
  /** By root field (`connectorsForManagers`, `updateConnectorLogs`, ...); `*` is every request. */
  operations: operationFaultsSchema.optional(),
  listing: listingFaultsSchema.optional(),
  /** Refused to every token, the administrator's included. */
  missingRights: z.array(z.string()).optional(),
  /** The schema of a platform that does not know these yet. */
  missingFeatures: z.array(z.enum(['health', 'logs', 'public_key'])).optional(),
});
export type Faults = z.infer<typeof faultsSchema>;
export type Feature = NonNullable<Faults['missingFeatures']>[number];

const entry = z.strictObject({
  key: z.string().min(1),
  value: z.string(),
  /** Encrypt it for the manager. Catalogue connectors take this from the contract. */
  secret: z.boolean().optional(),
  envelope: z.union([z.literal(1), z.literal(2)]).optional(),
});
export type Entry = z.infer<typeof entry>;
const configuration = z.union([z.array(entry), z.record(z.string(), z.string())]);
export type ConfigurationInput = z.infer<typeof configuration>;

export const toEntries = (input: ConfigurationInput): readonly Entry[] =>
  Array.isArray(input) ? input : Object.entries(input).map(([key, value]) => ({ key, value }));

/** With a slug: from the catalogue, with all the platform's checks. Without: raw, name and image taken as they are. */
export const addSchema = z.strictObject({
  name: z.string().min(1),
  slug: z.string().optional(),
  /** Full reference; required without a slug, replaces the catalogue's image with one. May be empty. */
  image: z.string().optional(),
  type: z.string().optional(),
  configuration: configuration.optional(),
  requested: z.enum(['starting', 'stopping', 'stopped']).optional(),
});
export type AddInput = z.infer<typeof addSchema>;

export const editSchema = z.strictObject({
  name: z.string().optional(),
  image: z.string().optional(),
  /** The whole configuration; a secret left empty keeps its stored ciphertext. */
  configuration: configuration.optional(),
});
export type EditInput = z.infer<typeof editSchema>;

export const tokenSchema = z.strictObject({ name: z.string().min(1), capabilities: z.array(z.string()) });
export type TokenInput = z.infer<typeof tokenSchema>;

export const clockSchema = z.strictObject({ shiftMs: z.int().optional(), advanceMs: z.int().optional() });
