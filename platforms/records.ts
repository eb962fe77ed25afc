import type {
  ConfigEntry,
  ConnectorRecord,
  Listing,
  Platform,
  Requested,
  SkippedRecord,
  Status,
} from '../model/connector.ts';
import { fieldOf, isText } from './fields.ts';

/** What a platform calls the members of a connector in its listing. */
export interface Shape {
  readonly platform: Platform;
  readonly id: string;
  readonly name: string;
  readonly contractHash: string;
  readonly image: string;
  /** True where the platform leaves out what is null: no image is an unknown contract then, not a broken record. */
  readonly omitsNull: boolean;
  readonly currentStatus: string;
  readonly requestedStatus: string;
  readonly configuration: string;
  readonly entry: {
    readonly key: string;
    readonly value: string;
    /** The first one that is there counts. */
    readonly encrypted: readonly string[];
  };
}

/** `created`, `exited`, null and whatever else comes is not running. */
export const currentStatus = (raw: unknown): Status | null => {
  if (raw === null || raw === undefined) return null;
  return typeof raw === 'string' && ['started', 'healthy', 'running'].includes(raw) ? 'started' : 'stopped';
};

/** Only `starting` asks for a start: a new connector of OpenCTI has `stopped`, which is not even in its schema. */
export const requestedStatus = (raw: unknown): Requested => (raw === 'starting' ? 'start' : 'stop');

/**
 * Reads a listing record by record. One that lacks a mandatory field is skipped and told of; one whose id cannot be read
 * makes the listing incomplete, because any known connector may be the one that could not be recognised.
 */
export function decodeRecords(raw: readonly unknown[], shape: Shape): Listing {
  const records: ConnectorRecord[] = [];
  const skipped: SkippedRecord[] = [];
  const ids = new Set<string>();
  let complete = true;
  for (const item of raw) {
    const result = decodeRecord(item, ids, shape);
    if (typeof result !== 'string') {
      records.push(result);
      ids.add(result.id);
      continue;
    }
    const [id, name, requested] = [shape.id, shape.name, shape.requestedStatus].map((field) => fieldOf(item, field));
    if (!isText(id)) complete = false;
    skipped.push({
      ...(isText(id) ? { id } : {}),
      ...(isText(name) ? { name } : {}),
      ...(typeof requested === 'string' ? { requestedStatus: requestedStatus(requested) } : {}),
      reason: result,
    });
  }
  return { records, skipped, complete };
}

/** The record, or what is wrong with it. */
function decodeRecord(raw: unknown, ids: ReadonlySet<string>, shape: Shape): ConnectorRecord | string {
  const id = fieldOf(raw, shape.id);
  const name = fieldOf(raw, shape.name);
  const contractHash = fieldOf(raw, shape.contractHash);
  const image = fieldOf(raw, shape.image) ?? (shape.omitsNull ? '' : undefined);
  // What has no image is never deployed; anything else must not be deployed without its configuration.
  const entries = fieldOf(raw, shape.configuration) ?? (shape.omitsNull && image === '' ? [] : undefined);
  if (!isText(id)) return `${shape.id} is missing`;
  if (ids.has(id)) return `${shape.id} occurs twice in the listing`;
  if (typeof name !== 'string') return `${shape.name} is missing`;
  if (!isText(contractHash)) return `${shape.contractHash} is missing`;
  if (typeof image !== 'string') return `${shape.image} is missing`;
  if (!Array.isArray(entries)) return `${shape.configuration} is missing`;
  const configuration: ConfigEntry[] = [];
  for (const [index, item] of entries.entries()) {
    const entry = decodeEntry(item, shape.entry);
    if (typeof entry === 'string') return `entry ${index + 1} of ${shape.configuration} ${entry}`;
    configuration.push(entry);
  }
  return {
    id,
    platform: shape.platform,
    name,
    image,
    contractHash,
    currentStatus: currentStatus(fieldOf(raw, shape.currentStatus)),
    requestedStatus: requestedStatus(fieldOf(raw, shape.requestedStatus)),
    configuration,
  };
}

/** Not told whether it is encrypted: it is not. `value` null or missing is the empty text. */
function decodeEntry(raw: unknown, names: Shape['entry']): ConfigEntry | string {
  const key = fieldOf(raw, names.key);
  const value = fieldOf(raw, names.value) ?? '';
  const encrypted = names.encrypted.map((name) => fieldOf(raw, name)).find((flag) => (flag ?? null) !== null) ?? false;
  if (typeof key !== 'string') return 'has no key';
  if (typeof encrypted !== 'boolean') return 'does not say whether it is encrypted';
  if (typeof value !== 'string' && typeof value !== 'number' && typeof value !== 'boolean')
    return 'has no readable value';
  return { key, value: String(value), encrypted };
}
