/** What a user does on the platform's pages: add, edit, start, stop, delete, reset the state. */
import { randomUUID } from 'node:crypto';
import { contractByImage, contractBySlug } from './catalogue.ts';
import type { Contract } from './contract.ts';
import type { EnvelopeVersion } from './envelope.ts';
import { noManager, seal } from './managers.ts';
import { isAtLeast, sanitiseName } from './names.ts';
import { cantFind, functional, unsupported } from './problems.ts';
import { checkConfiguration } from './validate.ts';
import { type Connector, type StoredEntry, timestamp, type World } from './world.ts';

export interface AddRequest {
  readonly name: string;
  /** Image name without a version. */
  readonly image: string;
  /** Id of an existing user; with `automaticUser` the name of the one to create. */
  readonly userId: string;
  readonly connectorUserId?: string | null | undefined;
  readonly automaticUser?: boolean | null | undefined;
  readonly configuration: ReadonlyMap<string, string>;
  /** Envelope version by key, where it is not the platform's present one. */
  readonly envelopes?: ReadonlyMap<string, EnvelopeVersion>;
  /** Full reference instead of the catalogue's. */
  readonly reference?: string | undefined;
  readonly requested?: string | undefined;
}

const sealed = (
  world: World,
  entries: readonly { readonly key: string; readonly value: string; readonly secret: boolean }[],
  stored: ReadonlyMap<string, string>,
  envelopes: ReadonlyMap<string, EnvelopeVersion> = new Map(),
): readonly StoredEntry[] =>
  entries.map(({ key, value, secret }) => {
    if (!secret) return { key, value, encrypted: false };
    const kept = stored.get(key);
    const unchanged = kept !== undefined && (value === '' || value === kept);
    return { key, value: unchanged ? kept : seal(world, value, envelopes.get(key)), encrypted: true };
  });

const invalid = (contract: Contract, faults: readonly string[]) =>
  unsupported([`Invalid contract configuration for ${contract.title}:`, ...faults.map((f) => `- ${f}`)].join('\n'));

const imageOf = (world: World, contract: Contract): string => {
  const version = contract.container_version === 'rolling' ? world.rules.platformVersion : contract.container_version;
  return world.options.image ?? `${contract.container_image}:${version}`;
};

const storedSecrets = (connector: Connector): ReadonlyMap<string, string> =>
  new Map(connector.configuration.filter((entry) => entry.encrypted).map((entry) => [entry.key, entry.value]));

function put(world: World, connector: Connector): Connector {
  world.connectors.set(connector.id, connector);
  world.changed();
  return connector;
}

const must = (world: World, id: string): Connector => {
  const connector = world.connectors.get(id);
  if (connector === undefined) throw cantFind(id, 'Connector');
  return connector;
};

/** From the catalogue, with the platform's checks in the platform's order. */
export function add(world: World, request: AddRequest): Connector {
  if (!world.rules.enterprise) throw unsupported('Enterprise edition is not enabled');
  const contract = contractByImage(request.image);
  if (contract === undefined) throw unsupported('Target contract not found');
  if (!isAtLeast(world.rules.platformVersion, contract.support_version.replace('>=', '')))
    throw functional('This connector is not compatible with the platform version');
  if (!contract.manager_supported) throw functional('You have not chosen a connector supported by the manager');
  if (world.managers.size === 0) throw noManager();
  if (request.userId.length < 2) throw functional('You have not chosen a user responsible for data creation');
  const owner = request.connectorUserId ?? request.userId;
  if (request.automaticUser !== true && !world.users.has(owner)) throw unsupported('Connector user not found');
  const name = sanitiseName(request.name);
  if (name.length < 2) throw functional('Invalid connector name');
  for (const other of world.connectors.values())
    if (other.name === name) throw functional('CONNECTOR_NAME_ALREADY_EXISTS');
  const { entries, faults } = checkConfiguration(contract, request.configuration);
  if (faults.length > 0) throw invalid(contract, faults);
  const configuration = sealed(world, entries, new Map(), request.envelopes);
  return put(world, {
    id: randomUUID(),
    name,
    title: request.name,
    slug: contract.slug,
    type: contract.container_type,
    image: request.reference ?? imageOf(world, contract),
    userId: request.automaticUser === true ? createUser(world, request.userId) : owner,
    requested: request.requested ?? 'stopped',
    current: null,
    configuration,
    createdAt: timestamp(world),
  });
}

export function createUser(world: World, name: string, capabilities: readonly string[] = ['CONNECTORAPI']): string {
  const id = randomUUID();
  world.users.set(id, { id, name, capabilities });
  return id;
}

export interface RawRequest {
  readonly name: string;
  readonly image: string;
  readonly type?: string | undefined;
  readonly requested?: string | undefined;
  readonly configuration: readonly {
    readonly key: string;
    readonly value: string;
    readonly secret?: boolean | undefined;
    readonly envelope?: EnvelopeVersion | undefined;
  }[];
}

const sealRaw = (
  world: World,
  entries: RawRequest['configuration'],
  stored: ReadonlyMap<string, string>,
): readonly StoredEntry[] =>
  sealed(
    world,
    entries.map(({ key, value, secret }) => ({ key, value, secret: secret === true })),
    stored,
    new Map(entries.flatMap(({ key, envelope }) => (envelope === undefined ? [] : [[key, envelope]]))),
  );

/** As a connector that was migrated to managed: nothing is checked or sanitised, equal names included. */
export function addRaw(world: World, request: RawRequest): Connector {
  const configuration = sealRaw(world, request.configuration, new Map());
  return put(world, {
    id: randomUUID(),
    name: request.name,
    title: request.name,
    type: request.type ?? 'EXTERNAL_IMPORT',
    image: request.image,
    userId: createUser(world, `[C] ${request.name}`),
    requested: request.requested ?? 'stopped',
    current: null,
    configuration,
    createdAt: timestamp(world),
  });
}

export interface EditRequest {
  readonly id: string;
  readonly name?: string | undefined;
  readonly title?: string | undefined;
  readonly userId?: string | undefined;
  readonly image?: string | undefined;
  readonly configuration?: RawRequest['configuration'] | undefined;
}

/** Neither sanitises nor checks the name. A secret that is empty or unchanged keeps its ciphertext, and so the hash. */
export function edit(world: World, request: EditRequest): Connector {
  const known = must(world, request.id);
  const stored = storedSecrets(known);
  let { configuration } = known;
  if (request.configuration !== undefined) {
    const contract = contractBySlug(known.slug);
    if (contract === undefined) configuration = sealRaw(world, request.configuration, stored);
    else {
      const given = new Map(request.configuration.map(({ key, value }) => [key, value]));
      const { entries, faults } = checkConfiguration(contract, given, new Set(stored.keys()));
      if (faults.length > 0) throw invalid(contract, faults);
      const versions = request.configuration.flatMap(({ key, envelope }) =>
        envelope === undefined ? [] : [[key, envelope] as const],
      );
      configuration = sealed(world, entries, stored, new Map(versions));
    }
  }
  return put(world, {
    ...known,
    name: request.name ?? known.name,
    title: request.title ?? known.title,
    userId: request.userId ?? known.userId,
    image: request.image ?? known.image,
    configuration,
  });
}

export const requestStatus = (world: World, id: string, requested: string): Connector =>
  put(world, { ...must(world, id), requested });

export const resetState = (world: World, id: string): Connector =>
  put(world, { ...must(world, id), stateTimestamp: timestamp(world) });

/** Unconditional, as on the server; only its pages ask for a stopped connector first. */
export function remove(world: World, id: string): string {
  must(world, id);
  world.connectors.delete(id);
  world.logs.delete(id);
  world.health.delete(id);
  world.changed();
  return id;
}
