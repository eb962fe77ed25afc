import type { Listing } from '../model/connector.ts';
import { decodeRecords, type Shape } from './records.ts';

const shape: Shape = {
  platform: 'openaev',
  id: 'connector_instance_id',
  name: 'connector_instance_name',
  contractHash: 'connector_instance_hash',
  image: 'connector_image',
  omitsNull: true,
  currentStatus: 'connector_instance_current_status',
  requestedStatus: 'connector_instance_requested_status',
  configuration: 'connector_instance_configurations',
  entry: {
    key: 'configuration_key',
    value: 'configuration_value',
    // The second is what a serialiser makes of a boolean called `isEncrypted`; both are taken.
    encrypted: ['configuration_is_encrypted', 'encrypted'],
  },
};

/**
 * What OpenAEV lists: collectors, injectors, executors and secret providers alike. The server leaves out members that
 * are null, and makes text of every value (of lists and objects the empty text).
 */
export const decodeListing = (raw: readonly unknown[]): Listing => decodeRecords(raw, shape);
