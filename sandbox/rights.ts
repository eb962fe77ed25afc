import type { IncomingMessage } from 'node:http';
import { authRequired, forbidden } from './problems.ts';
import { administratorId, sha256, type User, type World } from './world.ts';

/** Capability each root field asks for; '' is any logged-in user. */
const wanted = {
  about: '',
  connectorsForManagers: 'SETTINGS_SETACCESSES',
  registerConnectorsManager: 'CONNECTORAPI',
  updateConnectorManagerStatus: 'CONNECTORAPI',
  updateConnectorCurrentStatus: 'CONNECTORAPI',
  updateConnectorLogs: 'CONNECTORAPI',
  updateConnectorHealth: 'CONNECTORAPI',
  managedConnectorAdd: 'CONNECTORAPI',
  managedConnectorEdit: 'CONNECTORAPI',
  connector: 'MODULES',
  connectors: 'MODULES',
  connectorManager: 'MODULES',
  connectorManagers: 'MODULES',
  updateConnectorRequestedStatus: 'MODULES_MODMANAGE',
  deleteConnector: 'MODULES_MODMANAGE',
  resetStateConnector: 'MODULES_MODMANAGE',
  catalog: 'INGESTION',
  catalogs: 'INGESTION',
  contract: 'INGESTION',
} as const;
export type Operation = keyof typeof wanted;
export const operations = Object.keys(wanted) as readonly Operation[];

export function userOf(world: World, request: IncomingMessage): User | undefined {
  const token = /^Bearer (.+)$/.exec(request.headers.authorization ?? '')?.[1];
  const id = token === undefined ? undefined : world.tokens.get(sha256(token));
  return id === undefined ? undefined : world.users.get(id);
}

/** A right is held when one of the user's capability names contains the wanted one. */
export function demandRight(world: World, user: User | undefined, operation: Operation): void {
  if (user === undefined) throw authRequired();
  const right = wanted[operation];
  if (right === '') return;
  if (world.faults.missingRights?.some((missing) => right === missing) === true) throw forbidden();
  if (user.id === administratorId || user.capabilities.some((held) => held === 'BYPASS' || held.includes(right)))
    return;
  throw forbidden();
}
