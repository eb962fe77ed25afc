/** The documents Cadenza sends to OpenCTI, one operation a request: the server allows a mutation field once in each. */
export type Operation = 'version' | 'register' | 'ping' | 'list' | 'status' | 'logs' | 'health';

export interface Document {
  readonly text: string;
  /** The root field, which must be there and not null in a good reply. */
  readonly field: string;
}

export const documents: Readonly<Record<Operation, Document>> = {
  version: { field: 'about', text: 'query GetVersion { about { version } }' },
  register: {
    field: 'registerConnectorsManager',
    text: 'mutation RegisterConnectorsManager($input: RegisterConnectorsManagerInput!) { registerConnectorsManager(input: $input) { id about_version } }',
  },
  ping: {
    field: 'updateConnectorManagerStatus',
    text: 'mutation UpdateConnectorManagerStatus($input: UpdateConnectorManagerStatusInput!) { updateConnectorManagerStatus(input: $input) { id about_version } }',
  },
  list: {
    field: 'connectorsForManagers',
    text: 'query GetConnectors { connectorsForManagers { id name manager_contract_hash manager_contract_image manager_current_status manager_requested_status manager_contract_configuration { key value encrypted } } }',
  },
  status: {
    field: 'updateConnectorCurrentStatus',
    text: 'mutation UpdateConnectorCurrentStatus($input: CurrentConnectorStatusInput!) { updateConnectorCurrentStatus(input: $input) { id manager_current_status manager_requested_status } }',
  },
  logs: {
    field: 'updateConnectorLogs',
    text: 'mutation ReportConnectorLogs($input: LogsConnectorStatusInput!) { updateConnectorLogs(input: $input) }',
  },
  health: {
    field: 'updateConnectorHealth',
    text: 'mutation UpdateConnectorHealth($input: HealthConnectorStatusInput!) { updateConnectorHealth(input: $input) }',
  },
};
