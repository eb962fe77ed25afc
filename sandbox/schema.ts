/** The part of the platform's GraphQL schema that a manager and the platform's own pages use. */
import { buildSchema, GraphQLError, type GraphQLScalarType, type GraphQLSchema, Kind } from 'graphql';
import type { Feature } from './inputs.ts';

const definitions = (missing: readonly Feature[]): string => {
  const unless = (feature: Feature, text: string): string => (missing.includes(feature) ? '' : text);
  const managerFields = `
    manager_contract_image: String!
    manager_contract_hash: String!
    manager_current_status: String
    manager_requested_status: String!
    manager_contract_configuration: [ConnectorContractConfiguration!]!
    ${unless('logs', 'manager_connector_logs: [String!]!')}
    ${unless('health', 'manager_health_metrics: ConnectorHealthMetrics manager_connector_uptime: Int')}`;
  return `
  scalar DateTime
  enum ConnectorRequestStatus { starting stopping }
  enum ConnectorCurrentStatus { started stopped }
  enum ConnectorType { EXTERNAL_IMPORT INTERNAL_IMPORT_FILE INTERNAL_ENRICHMENT INTERNAL_ANALYSIS INTERNAL_EXPORT_FILE STREAM }
  input RegisterConnectorsManagerInput { id: ID! name: String! ${unless('public_key', 'public_key: String!')} }
  input UpdateConnectorManagerStatusInput { id: ID! }
  input CurrentConnectorStatusInput { id: ID! status: ConnectorCurrentStatus! }
  input RequestConnectorStatusInput { id: ID! status: ConnectorRequestStatus! }
  ${unless('logs', 'input LogsConnectorStatusInput { id: ID! logs: [String!]! }')}
  ${unless('health', 'input HealthConnectorStatusInput { id: ID! restart_count: Int! started_at: DateTime! is_in_reboot_loop: Boolean! }')}
  input ContractConfigInput { key: String! value: String! }
  input AddManagedConnectorInput {
    name: String!
    user_id: ID!
    connector_user_id: ID
    catalog_id: ID!
    automatic_user: Boolean
    confidence_level: String
    manager_contract_image: String!
    manager_contract_configuration: [ContractConfigInput!]!
  }
  input EditManagedConnectorInput {
    id: ID!
    name: String!
    title: String!
    connector_user_id: ID!
    manager_contract_configuration: [ContractConfigInput!]!
  }
  type About { version: String! }
  type Representative { main: String! secondary: String }
  type Metric { name: String! value: Float }
  type Creator { id: ID! name: String! }
  type ConnectorContractConfiguration { key: String! value: String encrypted: Boolean }
  type ConnectorHealthMetrics { restart_count: Int! started_at: DateTime! last_update: DateTime! is_in_reboot_loop: Boolean! }
  type ConnectorManager {
    id: ID!
    name: String!
    ${unless('public_key', 'public_key: String!')}
    last_sync_execution: DateTime
    about_version: String!
    active: Boolean!
  }
  type ManagedConnector {
    id: ID!
    standard_id: String!
    entity_type: String!
    parent_types: [String!]!
    representative: Representative!
    metrics: [Metric]
    name: String!
    connector_user_id: ID
    connector_user: Creator
    connector_state_timestamp: DateTime
    manager: ConnectorManager
    ${managerFields}
  }
  type Connector {
    id: ID!
    name: String!
    title: String!
    active: Boolean
    is_managed: Boolean
    connector_type: ConnectorType
    connector_user_id: ID
    ${managerFields}
  }
  type Catalog {
    id: ID!
    entity_type: String!
    standard_id: String!
    parent_types: [String!]!
    name: String!
    description: String!
    contracts: [String!]!
  }
  type CatalogContract { catalog_id: String! contract: String! }
  type Query {
    about: About
    connectorsForManagers: [ManagedConnector!]
    connectorManager(managerId: ID!): ConnectorManager!
    connectorManagers: [ConnectorManager!]!
    connector(id: String!): Connector
    connectors: [Connector]
    catalogs: [Catalog!]!
    catalog(id: String!): Catalog
    contract(slug: String!): CatalogContract
  }
  type Mutation {
    registerConnectorsManager(input: RegisterConnectorsManagerInput!): ConnectorManager
    updateConnectorManagerStatus(input: UpdateConnectorManagerStatusInput!): ConnectorManager
    updateConnectorCurrentStatus(input: CurrentConnectorStatusInput!): ManagedConnector
    ${unless('logs', 'updateConnectorLogs(input: LogsConnectorStatusInput!): ID!')}
    ${unless('health', 'updateConnectorHealth(input: HealthConnectorStatusInput!): ID!')}
    managedConnectorAdd(input: AddManagedConnectorInput): ManagedConnector
    managedConnectorEdit(input: EditManagedConnectorInput): ManagedConnector
    updateConnectorRequestedStatus(input: RequestConnectorStatusInput!): ManagedConnector
    deleteConnector(id: ID!): ID!
    resetStateConnector(id: ID!): Connector
  }`;
};

/** RFC 3339 with any number of fractional digits (Docker sends nine) and `Z` or an offset; never an empty string. */
const rfc3339 = /^\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d(\.\d+)?([Zz]|[+-]\d\d:\d\d)$/;

function parseDateTime(value: unknown): string {
  const normal = typeof value === 'string' && rfc3339.test(value) ? value.replace(/(\.\d{3})\d+/, '$1') : '';
  if (Number.isNaN(Date.parse(normal)))
    throw new GraphQLError('DateTime cannot represent an invalid date-time-string.', {});
  return String(value);
}

const built = new Map<string, GraphQLSchema>();

/** The schema of a platform that lacks these features; its validation errors are then graphql's own. */
export function schemaWithout(missing: readonly Feature[]): GraphQLSchema {
  const name = [...missing].toSorted().join();
  const known = built.get(name);
  if (known !== undefined) return known;
  const schema = buildSchema(definitions(missing));
  const dateTime = schema.getType('DateTime') as GraphQLScalarType;
  dateTime.parseValue = parseDateTime;
  dateTime.parseLiteral = (node) => parseDateTime(node.kind === Kind.STRING ? node.value : undefined);
  built.set(name, schema);
  return schema;
}
