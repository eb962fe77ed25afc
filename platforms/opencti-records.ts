import type { Listing } from '../model/connector.ts';
import { decodeRecords, type Shape } from './records.ts';

const shape: Shape = {
  platform: 'opencti',
  id: 'id',
  name: 'name',
  contractHash: 'manager_contract_hash',
  image: 'manager_contract_image',
  omitsNull: false,
  currentStatus: 'manager_current_status',
  requestedStatus: 'manager_requested_status',
  configuration: 'manager_contract_configuration',
  entry: { key: 'key', value: 'value', encrypted: ['encrypted'] },
};

/** What OpenCTI lists. */
export const decodeListing = (raw: readonly unknown[]): Listing => decodeRecords(raw, shape);
