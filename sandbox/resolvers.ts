/** One function per root field. Each asks for its right first, then lets a fault switch have its way. */
import { GraphQLError } from 'graphql';
import * as authoring from './authoring.ts';
import { contractBySlug, contracts } from './catalogue.ts';
import { addDemo } from './demo.ts';
import type { OperationFault } from './inputs.ts';
import { listed, type Shown, show } from './listing.ts';
import { managerView, ping, register, type Registration } from './managers.ts';
import { platformError } from './problems.ts';
import { currentHealth, reportHealth, reportLogs, reportStatus, uptime } from './reports.ts';
import { demandRight, type Operation } from './rights.ts';
import { catalogId, type Connector, noteCall, type User, type World } from './world.ts';

export interface Context {
  readonly world: World;
  readonly user: User | undefined;
  readonly fault: OperationFault | undefined;
  /** Ids of the records of a listing, in order, for what the schema itself would not let through. */
  shownIds: readonly string[];
}

/** Values are functions so that only what is asked for is computed; hashing a snapshot is not free. */
function connectorView(world: World, connector: Connector) {
  let snapshot: Shown | undefined;
  const shown = (): Shown => (snapshot ??= show(world, connector));
  return {
    id: connector.id,
    standard_id: `connector--${connector.id}`,
    entity_type: 'Connector',
    parent_types: ['Basic-Object', 'Internal-Object'],
    representative: () => ({ main: shown().name, secondary: null }),
    metrics: [],
    name: () => shown().name,
    title: connector.title,
    active: connector.current === 'started' && connector.requested === 'starting',
    is_managed: true,
    connector_type: connector.type,
    connector_user_id: connector.userId,
    connector_user: () => world.users.get(connector.userId) ?? null,
    connector_state_timestamp: connector.stateTimestamp,
    manager: null,
    manager_contract_image: () => shown().image,
    manager_contract_hash: () => shown().hash,
    manager_current_status: connector.current,
    manager_requested_status: connector.requested,
    manager_contract_configuration: () => shown().configuration,
    manager_connector_logs: () => world.logs.get(connector.id)?.lines ?? [],
    manager_health_metrics: () => currentHealth(world, connector.id),
    manager_connector_uptime: () => uptime(world, connector.id),
  };
}

const catalogue = () => ({
  id: catalogId,
  entity_type: 'Catalog',
  standard_id: `catalog--${catalogId}`,
  parent_types: ['Basic-Object', 'Internal-Object'],
  name: 'OpenCTI Connectors contracts',
  description: 'Connectors of the stand-in platform',
  contracts: contracts.map((contract) => JSON.stringify(contract)),
});

interface Entries {
  readonly manager_contract_configuration: readonly { readonly key: string; readonly value: string }[];
}
interface AddInput extends Entries {
  readonly name: string;
  readonly user_id: string;
  readonly connector_user_id?: string | null;
  readonly automatic_user?: boolean | null;
  readonly manager_contract_image: string;
}
interface EditInput extends Entries {
  readonly id: string;
  readonly name: string;
  readonly title: string;
  readonly connector_user_id: string;
}
interface HealthInput {
  readonly id: string;
  readonly restart_count: number;
  readonly started_at: string;
  readonly is_in_reboot_loop: boolean;
}
interface Args<T> {
  readonly input: T;
}

const resolvers = {
  about: (_args: unknown, { world }: Context) => ({ version: world.rules.platformVersion }),
  connectorsForManagers: (_args: unknown, context: Context) => {
    noteCall(context.world, 'connectorsForManagers');
    const records = listed(context.world);
    context.shownIds = records?.map(({ id }) => id) ?? [];
    return records?.map((connector) => connectorView(context.world, connector)) ?? null;
  },
  connectorManager: ({ managerId }: { managerId: string }, { world }: Context) => {
    const manager = world.managers.get(managerId);
    return manager === undefined ? null : managerView(world, manager);
  },
  connectorManagers: (_args: unknown, { world }: Context) =>
    [...world.managers.values()].map((manager) => managerView(world, manager)),
  connector: ({ id }: { id: string }, { world }: Context) => {
    const connector = world.connectors.get(id);
    return connector === undefined ? null : connectorView(world, connector);
  },
  connectors: (_args: unknown, { world }: Context) =>
    [...world.connectors.values()].map((connector) => connectorView(world, connector)),
  catalogs: () => [catalogue()],
  catalog: ({ id }: { id: string }) => (id === catalogId ? catalogue() : null),
  contract: ({ slug }: { slug: string }) => {
    const contract = contractBySlug(slug);
    return contract === undefined ? null : { catalog_id: catalogId, contract: JSON.stringify(contract) };
  },
  registerConnectorsManager: ({ input }: Args<Registration>, { world }: Context) => {
    const manager = register(world, input);
    if (world.options.demo === true && !world.demoAdded) addDemo(world);
    return managerView(world, manager);
  },
  updateConnectorManagerStatus: ({ input }: Args<{ id: string }>, { world }: Context) =>
    managerView(world, ping(world, input.id)),
  updateConnectorCurrentStatus: ({ input }: Args<{ id: string; status: 'started' | 'stopped' }>, { world }: Context) =>
    connectorView(world, reportStatus(world, input.id, input.status)),
  updateConnectorLogs: ({ input }: Args<{ id: string; logs: readonly string[] }>, { world }: Context) =>
    reportLogs(world, input.id, input.logs),
  updateConnectorHealth: ({ input: { id, ...report } }: Args<HealthInput>, { world }: Context) =>
    reportHealth(world, id, report),
  managedConnectorAdd: ({ input }: Args<AddInput>, { world }: Context) =>
    connectorView(
      world,
      authoring.add(world, {
        name: input.name,
        image: input.manager_contract_image,
        userId: input.user_id,
        connectorUserId: input.connector_user_id,
        automaticUser: input.automatic_user,
        configuration: new Map(input.manager_contract_configuration.map(({ key, value }) => [key, value])),
      }),
    ),
  managedConnectorEdit: ({ input }: Args<EditInput>, { world }: Context) =>
    connectorView(
      world,
      authoring.edit(world, {
        id: input.id,
        name: input.name,
        title: input.title,
        userId: input.connector_user_id,
        configuration: input.manager_contract_configuration,
      }),
    ),
  updateConnectorRequestedStatus: ({ input }: Args<{ id: string; status: string }>, { world }: Context) =>
    connectorView(world, authoring.requestStatus(world, input.id, input.status)),
  deleteConnector: ({ id }: { id: string }, { world }: Context) => authoring.remove(world, id),
  resetStateConnector: ({ id }: { id: string }, { world }: Context) =>
    connectorView(world, authoring.resetState(world, id)),
} satisfies Record<Operation, unknown>;

type Resolver = (args: never, context: Context) => unknown;

const faultError = (error: NonNullable<OperationFault['error']>): GraphQLError =>
  platformError(error.code, error.httpStatus ?? 500, error.genre ?? 'TECHNICAL', error.message);

const guarded =
  (operation: Operation, resolve: Resolver): Resolver =>
  (args, context) => {
    demandRight(context.world, context.user, operation);
    const { fault } = context;
    if (fault?.error !== undefined && fault.after !== true) throw faultError(fault.error);
    const result = resolve(args, context);
    if (fault?.error !== undefined) throw faultError(fault.error);
    return result;
  };

export const rootValue: Readonly<Record<string, Resolver>> = Object.fromEntries(
  Object.entries(resolvers).map(([name, resolve]) => [name, guarded(name as Operation, resolve as Resolver)]),
);
