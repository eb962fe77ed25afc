/** Registration and ping of the one manager a platform has. */
import { GraphQLError } from 'graphql';
import { encrypt, type EnvelopeVersion, readPublicKey } from './envelope.ts';
import { cantFind, functional, unsupported } from './problems.ts';
import { type Manager, noteCall, now, timestamp, type World } from './world.ts';

/** A manager that was silent for longer counts as inactive. Milliseconds. */
const activeFor = 5 * 60_000;

const inputError = (message: string): GraphQLError =>
  new GraphQLError(message, { extensions: { code: 'BAD_USER_INPUT' } });

export const managerView = (world: World, manager: Manager) => ({
  id: manager.id,
  name: manager.name,
  public_key: manager.publicKey,
  last_sync_execution: manager.lastSync,
  about_version: world.rules.platformVersion,
  active: now(world) - Date.parse(manager.lastSync) < activeFor,
});

export interface Registration {
  readonly id: string;
  readonly name: string;
  /** Absent on platforms that do not know encrypted values yet. */
  readonly public_key?: string;
}

/** A known id is patched, so registering again is harmless and is how a new key is published. */
export function register(world: World, input: Registration): Manager {
  noteCall(world, 'registerConnectorsManager', undefined, input.id);
  if (input.name.trim().length < 2) throw inputError('name must have at least 2 characters and may not be blank');
  const known = world.managers.get(input.id);
  if (known === undefined && world.rules.singleManager && world.managers.size > 0)
    throw unsupported('Only one connector manager is supported per instance', { id: input.id });
  if (input.public_key !== undefined) {
    try {
      readPublicKey(input.public_key);
    } catch {
      throw functional('Invalid public key', { id: input.id });
    }
  }
  const at = timestamp(world);
  const manager: Manager = {
    id: input.id,
    name: input.name,
    publicKey: input.public_key ?? '',
    registeredAt: known?.registeredAt ?? at,
    lastSync: at,
  };
  world.managers.set(manager.id, manager);
  world.changed();
  return manager;
}

export function ping(world: World, id: string): Manager {
  noteCall(world, 'updateConnectorManagerStatus', undefined, id);
  const known = world.managers.get(id);
  if (known === undefined) throw cantFind(id, 'ConnectorManager');
  const manager = { ...known, lastSync: timestamp(world) };
  world.managers.set(id, manager);
  world.changed();
  return manager;
}

export const noManager = (): GraphQLError => functional('There is no connector manager configured');

/** Encrypts for the registered key. What was encrypted before stays as it is, also when another key is registered. */
export function seal(world: World, plaintext: string, version?: EnvelopeVersion): string {
  const manager = world.managers.values().next().value;
  if (manager === undefined) throw noManager();
  if (plaintext !== '') world.plaintexts.add(plaintext);
  return encrypt(manager.publicKey, plaintext, version ?? world.rules.envelopeVersion);
}
