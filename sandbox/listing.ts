/** What a manager is shown of each connector: the snapshot that is hashed, with the listing's fault switches applied. */
import { corrupt } from './envelope.ts';
import { contractHash } from './hash.ts';
import { seal } from './managers.ts';
import { administratorId, type Connector, madeSecret, now, type World } from './world.ts';

export interface ShownEntry {
  readonly key: string;
  readonly value: string | null;
  /** null for clear values, as the platform sends it. */
  readonly encrypted: boolean | null;
}

export interface Shown {
  readonly name: string;
  readonly image: string;
  readonly configuration: readonly ShownEntry[];
  readonly hash: string;
}

/** How long an issued connector token stays cached after the last listing. Milliseconds. */
const tokenLifetime = 604_800_000;

export const isMeant = (refs: readonly string[] | undefined, connector: Connector): boolean =>
  refs?.some((ref) => ref === '*' || ref === connector.id || ref === connector.name) === true;

/** The entry a fault switch holds for this connector, by id, then name, then `*`. */
export const entryFor = <T>(entries: Readonly<Record<string, T>> | undefined, connector: Connector): T | undefined =>
  entries?.[connector.id] ?? entries?.[connector.name] ?? entries?.['*'];

/** The token of the connector's user. Its ciphertext is cached and the cache extended at every listing, so the hash is stable. */
function tokenEntry(world: World, userId: string): ShownEntry {
  const known = world.issued.get(userId);
  const lost = known === undefined || known.expiresAt < now(world);
  const serial = (known?.serial ?? 0) + (lost ? 1 : 0);
  const token = madeSecret(world, `token/${userId}/${serial}`);
  world.plaintexts.add(token);
  let envelope = lost ? '' : known.envelope;
  if (world.rules.encryptToken && envelope === '') envelope = seal(world, token);
  world.issued.set(userId, { serial, envelope, expiresAt: now(world) + tokenLifetime });
  if (envelope !== known?.envelope) world.changed();
  return world.rules.encryptToken
    ? { key: 'OPENCTI_TOKEN', value: envelope, encrypted: true }
    : { key: 'OPENCTI_TOKEN', value: token, encrypted: null };
}

const clear = (key: string, value: string): ShownEntry => ({ key, value, encrypted: null });

function configurationOf(world: World, connector: Connector, name: string): readonly ShownEntry[] {
  const added = [
    clear('CONNECTOR_ID', connector.id),
    clear('CONNECTOR_NAME', name),
    clear('CONNECTOR_TYPE', connector.type),
    tokenEntry(world, connector.userId),
    ...Object.entries(world.rules.proxy ?? {}).map(([key, value]) => clear(key, value ?? '')),
  ];
  const own = connector.configuration
    .filter(({ key }) => !added.some((entry) => entry.key === key))
    .map(({ key, value, encrypted }) => ({ key, value, encrypted: encrypted ? true : null }));
  const faults = world.faults.listing;
  return [...own, ...added].map((entry) => {
    if (entry.encrypted !== true || entry.value === null) return entry;
    if (isMeant(faults?.nullSecrets, connector)) return { ...entry, value: null };
    return isMeant(faults?.corruptSecrets, connector) ? { ...entry, value: corrupt(entry.value) } : entry;
  });
}

export function show(world: World, connector: Connector): Shown {
  const faults = world.faults.listing;
  const name = entryFor(faults?.names, connector) ?? connector.name;
  const image = isMeant(faults?.emptyImages, connector) ? '' : connector.image;
  const configuration = configurationOf(world, connector, name);
  return { name, image, configuration, hash: contractHash(image, configuration, connector.stateTimestamp) };
}

/** The platform's default page size, which silently bounds its listing. */
export const pageSize = 500;

/** Fills a page up; without an image it can never be deployed, whatever the manager thinks of it. */
const padding = (index: number): Connector => ({
  id: `00000000-0000-4000-8000-${String(index).padStart(12, '0')}`,
  name: `padding-${index}`,
  title: 'Padding',
  type: 'EXTERNAL_IMPORT',
  image: '',
  userId: administratorId,
  requested: 'stopping',
  current: 'stopped',
  configuration: [],
  createdAt: '2026-01-01T00:00:00.000Z',
});

export function listed(world: World): readonly Connector[] | null {
  const all = [...world.connectors.values()];
  const faults = world.faults.listing;
  switch (faults?.mode) {
    case 'null':
      return null;
    case 'empty':
      return [];
    case 'partial':
      return all.slice(0, faults.first ?? 1);
    case 'full':
      return [...all, ...Array.from({ length: pageSize }, (_, index) => padding(index + 1))].slice(0, pageSize);
    case undefined:
      return all.slice(0, pageSize);
  }
}

/** Forgets every issued token: new tokens, new ciphertexts, new hashes, nothing else changes. */
export function rotateTokens(world: World): void {
  for (const [user, token] of world.issued) world.issued.set(user, { ...token, envelope: '', expiresAt: 0 });
  world.changed();
}
