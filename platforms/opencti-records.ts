import type { ConfigEntry, ConnectorRecord, Listing, SkippedRecord } from '../model/connector.ts';
import { fieldOf } from './graphql.ts';
import { currentStatus, isText, requestedStatus } from './status.ts';

/**
 * Reads a listing record by record. One that lacks a mandatory field is skipped and told of; one whose id cannot be read
 * makes the listing incomplete, because any known connector may be the one that could not be recognised.
 */
export function decodeListing(raw: readonly unknown[]): Listing {
  const records: ConnectorRecord[] = [];
  const skipped: SkippedRecord[] = [];
  const ids = new Set<string>();
  let complete = true;
  for (const item of raw) {
    const fields: Fields = typeof item === 'object' && item !== null ? item : {};
    const result = decodeRecord(fields, ids);
    if (typeof result !== 'string') {
      records.push(result);
      ids.add(result.id);
      continue;
    }
    const { id, name } = fields;
    if (!isText(id)) complete = false;
    skipped.push({
      ...(isText(id) ? { id } : {}),
      ...(isText(name) ? { name } : {}),
      ...(typeof fields.manager_requested_status === 'string'
        ? { requestedStatus: requestedStatus(fields.manager_requested_status) }
        : {}),
      reason: result,
    });
  }
  return { records, skipped, complete };
}

interface Fields {
  readonly id?: unknown;
  readonly name?: unknown;
  readonly manager_contract_hash?: unknown;
  readonly manager_contract_image?: unknown;
  readonly manager_current_status?: unknown;
  readonly manager_requested_status?: unknown;
  readonly manager_contract_configuration?: unknown;
}

/** The record, or what is wrong with it. */
function decodeRecord(raw: Fields, ids: ReadonlySet<string>): ConnectorRecord | string {
  const { id, name, manager_contract_hash: contractHash, manager_contract_image: image } = raw;
  if (!isText(id)) return 'id is missing';
  if (ids.has(id)) return 'id occurs twice in the listing';
  if (typeof name !== 'string') return 'name is missing';
  if (!isText(contractHash)) return 'manager_contract_hash is missing';
  if (typeof image !== 'string') return 'manager_contract_image is missing';
  if (!Array.isArray(raw.manager_contract_configuration)) return 'manager_contract_configuration is missing';
  const configuration: ConfigEntry[] = [];
  for (const [index, item] of raw.manager_contract_configuration.entries()) {
    const entry = decodeEntry(item);
    if (typeof entry === 'string') return `entry ${index + 1} of manager_contract_configuration ${entry}`;
    configuration.push(entry);
  }
  return {
    id,
    platform: 'opencti',
    name,
    image,
    contractHash,
    currentStatus: currentStatus(raw.manager_current_status),
    requestedStatus: requestedStatus(raw.manager_requested_status),
    configuration,
  };
}

/** `encrypted` null or missing is false, `value` null or missing is the empty text. */
function decodeEntry(raw: unknown): ConfigEntry | string {
  const key = fieldOf(raw, 'key');
  const value = fieldOf(raw, 'value') ?? '';
  const encrypted = fieldOf(raw, 'encrypted') ?? false;
  if (typeof key !== 'string') return 'has no key';
  if (typeof encrypted !== 'boolean') return 'does not say whether it is encrypted';
  if (typeof value !== 'string' && typeof value !== 'number' && typeof value !== 'boolean')
    return 'has no readable value';
  return { key, value: String(value), encrypted };
}
