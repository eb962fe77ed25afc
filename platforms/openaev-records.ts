import type { ConfigEntry, ConnectorRecord, Listing, SkippedRecord } from '../model/connector.ts';
import { fieldOf } from './graphql.ts';
import { currentStatus, isText, requestedStatus } from './status.ts';

/**
 * Reads a listing instance by instance; null members are left out by the server. One that lacks a mandatory member is
 * skipped and told of; one whose id cannot be read makes the listing incomplete.
 */
export function decodeInstances(raw: readonly unknown[]): Listing {
  const records: ConnectorRecord[] = [];
  const skipped: SkippedRecord[] = [];
  const ids = new Set<string>();
  let complete = true;
  for (const item of raw) {
    const result = decodeInstance(item, ids);
    if (typeof result !== 'string') {
      records.push(result);
      ids.add(result.id);
      continue;
    }
    const id = fieldOf(item, 'connector_instance_id');
    const name = fieldOf(item, 'connector_instance_name');
    const requested = fieldOf(item, 'connector_instance_requested_status');
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
function decodeInstance(raw: unknown, ids: ReadonlySet<string>): ConnectorRecord | string {
  const id = fieldOf(raw, 'connector_instance_id');
  const name = fieldOf(raw, 'connector_instance_name');
  const contractHash = fieldOf(raw, 'connector_instance_hash');
  const image = fieldOf(raw, 'connector_image') ?? '';
  const entries = fieldOf(raw, 'connector_instance_configurations') ?? [];
  if (!isText(id)) return 'connector_instance_id is missing';
  if (ids.has(id)) return 'connector_instance_id occurs twice in the listing';
  if (typeof name !== 'string') return 'connector_instance_name is missing';
  if (!isText(contractHash)) return 'connector_instance_hash is missing';
  if (typeof image !== 'string') return 'connector_image is no text';
  if (!Array.isArray(entries)) return 'connector_instance_configurations is no list';
  const configuration: ConfigEntry[] = [];
  for (const [index, item] of entries.entries()) {
    const entry = decodeEntry(item);
    if (typeof entry === 'string') return `entry ${index + 1} of connector_instance_configurations ${entry}`;
    configuration.push(entry);
  }
  return {
    id,
    platform: 'openaev',
    name,
    image,
    contractHash,
    currentStatus: currentStatus(fieldOf(raw, 'connector_instance_current_status')),
    requestedStatus: requestedStatus(fieldOf(raw, 'connector_instance_requested_status')),
    configuration,
  };
}

/** The value is text made of a JSON value; without it the entry is empty. A serialiser may call the flag `encrypted`. */
function decodeEntry(raw: unknown): ConfigEntry | string {
  const key = fieldOf(raw, 'configuration_key');
  const value = fieldOf(raw, 'configuration_value') ?? '';
  const encrypted = fieldOf(raw, 'configuration_is_encrypted') ?? fieldOf(raw, 'encrypted') ?? false;
  if (typeof key !== 'string') return 'has no configuration_key';
  if (typeof encrypted !== 'boolean') return 'does not say whether it is encrypted';
  if (typeof value !== 'string' && typeof value !== 'number' && typeof value !== 'boolean')
    return 'has no readable configuration_value';
  return { key, value: String(value), encrypted };
}
