/** What a user does on the platform's pages: add, configure, start, stop, delete. */
import { randomUUID } from 'node:crypto';
import type { EnvelopeVersion } from '../envelope.ts';
import { encrypt } from '../envelope.ts';
import { HttpError } from '../http.ts';
import type { Entry } from '../inputs.ts';
import { checkConfiguration } from '../validate.ts';
import { madeSecret, type StoredEntry, timestamp, type World } from '../world.ts';
import { aevContract, aevServerKeys, idKey } from './catalogue.ts';
import type { Instance } from './state.ts';

/** Encrypts for the registered key; one that is not SPKI fails here, not at registration. */
function seal(world: World, plaintext: string, version?: EnvelopeVersion): string {
  const { manager, rules } = world.openaev;
  if (manager === null) throw new HttpError(400, 'XTM Composer is not configured in the platform settings');
  if (!manager.publicKey.includes('BEGIN PUBLIC KEY')) throw new HttpError(500, 'the public key cannot be used');
  if (plaintext !== '') world.plaintexts.add(plaintext);
  return encrypt(manager.publicKey, plaintext, version ?? rules.envelopeVersion);
}

/** A secret that is empty or unchanged keeps its ciphertext, and with it the hash. */
const stored = (world: World, entries: readonly Entry[], before: readonly StoredEntry[]): readonly StoredEntry[] =>
  entries.map(({ key, value, secret, envelope }) => {
    if (secret !== true) return { key, value, encrypted: false };
    const kept = before.find((e) => e.key === key && e.encrypted)?.value;
    const unchanged = kept !== undefined && (value === '' || value === kept);
    return { key, value: unchanged ? kept : seal(world, value, envelope), encrypted: true };
  });

function put(world: World, instance: Instance): Instance {
  world.openaev.instances.set(instance.id, instance);
  world.changed();
  return instance;
}

/** By id, name or title. */
export function findInstance(world: World, ref: string): Instance | undefined {
  const byId = world.openaev.instances.get(ref);
  if (byId !== undefined) return byId;
  for (const i of world.openaev.instances.values()) if (nameOf(world, i) === ref || i.title === ref) return i;
  return undefined;
}

/** Title, and from 2.4.0 on the value of the `*_ID` key behind it. */
export function nameOf(world: World, { title, configuration, type }: Instance): string {
  const id = configuration.find(({ key }) => key === idKey(type))?.value;
  return world.openaev.rules.idInName && id !== undefined ? `${title}-${id}` : title;
}

export interface AddInstance {
  readonly title: string;
  readonly slug?: string | undefined;
  readonly type?: string | undefined;
  readonly image?: string | undefined;
  readonly requested?: 'starting' | 'stopping' | undefined;
  readonly configuration: readonly Entry[];
}

export function addInstance(world: World, request: AddInstance): Instance {
  const { manager } = world.openaev;
  if (manager === null) throw new HttpError(400, 'XTM Composer is not configured in the platform settings');
  const contract = aevContract(request.slug);
  if (request.slug !== undefined && contract === undefined)
    throw new HttpError(404, `there is no contract ${request.slug}`);
  const type = contract?.container_type ?? request.type ?? 'COLLECTOR';
  const image =
    request.image ??
    world.options.image ??
    (contract === undefined ? undefined : `${contract.container_image}:${world.openaev.rules.platformVersion}`);
  if (image === undefined) throw new HttpError(400, 'give a slug of the catalogue, or an image');
  const id = randomUUID();
  const own = request.slug === undefined ? request.configuration : checked(request.slug, request.configuration, []);
  const token = madeSecret(world, `openaev/${id}`);
  world.plaintexts.add(token);
  const added: readonly StoredEntry[] = [
    // In clear and unflagged, as the platform sends it.
    { key: 'OPENAEV_TOKEN', value: token, encrypted: false },
    ...(own.some(({ key }) => key === idKey(type))
      ? []
      : [{ key: idKey(type), value: randomUUID(), encrypted: false }]),
  ];
  return put(world, {
    id,
    title: request.title,
    ...(request.slug === undefined ? {} : { slug: request.slug }),
    type,
    image,
    requested: request.requested ?? 'stopping',
    current: 'stopped',
    configuration: [...added, ...stored(world, own, [])],
    createdAt: timestamp(world),
  });
}

function checked(slug: string, given: readonly Entry[], before: readonly StoredEntry[]): readonly Entry[] {
  const contract = aevContract(slug);
  if (contract === undefined) return given;
  const secrets = new Set(before.filter((e) => e.encrypted).map((e) => e.key));
  const values = new Map(given.map(({ key, value }) => [key, value]));
  const { entries, faults } = checkConfiguration(contract, values, secrets, aevServerKeys);
  if (faults.length > 0) throw new HttpError(400, faults.join('; '));
  return entries.map((entry) => ({ ...entry, ...envelopeOf(given, entry.key) }));
}

const envelopeOf = (given: readonly Entry[], key: string): Pick<Entry, 'envelope'> => {
  const envelope = given.find((e) => e.key === key)?.envelope;
  return envelope === undefined ? {} : { envelope };
};

export interface EditInstance {
  readonly title?: string | undefined;
  readonly image?: string | undefined;
  readonly configuration?: readonly Entry[] | undefined;
}

export function editInstance(world: World, known: Instance, request: EditInstance): Instance {
  const { configuration: given } = request;
  let { configuration } = known;
  if (given !== undefined) {
    const kept = configuration.filter(({ key }) => aevServerKeys.includes(key) && !given.some((e) => e.key === key));
    const own = known.slug === undefined ? given : checked(known.slug, given, configuration);
    configuration = [...kept, ...stored(world, own, configuration)];
  }
  return put(world, {
    ...known,
    title: request.title ?? known.title,
    image: request.image ?? known.image,
    configuration,
  });
}

export const requestInstance = (world: World, known: Instance, requested: 'starting' | 'stopping'): Instance =>
  put(world, { ...known, requested });

export function removeInstance(world: World, { id, current }: Instance, force = false): void {
  const { rules, instances, logs, health } = world.openaev;
  if (rules.keepsRunning && current === 'started' && !force)
    throw new HttpError(400, 'The connector instance is started: stop it before deleting it');
  instances.delete(id);
  logs.delete(id);
  health.delete(id);
  world.changed();
}
