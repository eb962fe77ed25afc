import { createHash } from 'node:crypto';
import type { Platform } from '../model/connector.ts';

/** First 8 hex digits of SHA-256 over `<platform>/<connector id>`: the tail of a safe name. */
export const nameSuffix = (platform: Platform, id: string): string =>
  createHash('sha256').update(`${platform}/${id}`, 'utf8').digest('hex').slice(0, 8);

/** What of Cadenza's own settings reaches an object. Defaults are left out, so that a new option changes no old hash. */
export interface SpecFacts {
  readonly image: string;
  /** Platform URLs that are injected. */
  readonly urls: Readonly<Record<string, string | undefined>>;
  readonly proxy?: Readonly<Record<string, string | boolean | undefined>>;
  /** PEM bundle; only its digest counts. */
  readonly caBundle?: string;
  /** Options of the runtime section that reach the object, defaults omitted. */
  readonly options: Readonly<Record<string, unknown>>;
}

const formatVersion = 1;

/** First 16 hex digits of SHA-256 over canonical JSON. Never covers the requested status, platform values or secrets. */
export function specHash(facts: SpecFacts): string {
  const { caBundle, ...rest } = facts;
  const ca = caBundle === undefined ? undefined : createHash('sha256').update(caBundle).digest('hex');
  return createHash('sha256')
    .update(canonical({ v: formatVersion, ...rest, ca }))
    .digest('hex')
    .slice(0, 16);
}

/** Sorted keys; undefined, null, empty lists and empty tables are left out. */
function canonical(value: unknown): string {
  return JSON.stringify(strip(value));
}

function strip(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(strip);
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value)
    .map(([k, v]) => [k, strip(v)] as const)
    .filter(([, v]) => !isEmpty(v))
    .toSorted(([a], [b]) => (a < b ? -1 : 1));
  return Object.fromEntries(entries);
}

const isEmpty = (v: unknown): boolean =>
  v === undefined ||
  v === null ||
  (Array.isArray(v) && v.length === 0) ||
  (typeof v === 'object' && Object.keys(v).length === 0);
