/** What a manager is shown of each connector: the snapshot that is hashed, with the listing's fault switches applied. */
import { corrupt } from './envelope.ts';
import { contractHash } from './hash.ts';
import { seal } from './managers.ts';
import { administratorId, type Connector, madeSecret, now, type World } from './world.ts';

interface ShownEntry {
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

const isMeant = (refs: readonly string[] | undefined, connector: Connector): boolean =>
  refs?.some((ref) => ref === '*' || ref === connector.id || ref === connector.name) === true;

/** The entry a fault switch holds for this connector, by id, then name, then `*`. */
const entryFor = <T>(entries: Readonly<Record<string, T>> | undefined, connector: Connector): T | undefined =>
  entries?.[connector.id] ?? entries?.[connector.name] ?? entries?.['*'];

/** Issues the user's token if its ciphertext was lost or never made, and keeps it cached for another while. */
function issueToken(world: World, userId: string): void {
  const known = world.issued.get(userId);
  const lost = known === undefined || known.expiresAt < now(world);
  const serial = (known?.serial ?? 0) + (lost ? 1 : 0);
  let envelope = lost ? '' : known.envelope;
  if (world.rules.encryptToken && envelope === '') envelope = seal(world, tokenOf(world, userId, serial));
  world.plaintexts.add(tokenOf(world, userId, serial));
  world.issued.set(userId, { serial, envelope, expiresAt: now(world) + tokenLifetime });
  if (serial !== known?.serial || envelope !== known.envelope) world.changed();
}

const tokenOf = (world: World, userId: string, serial: number): string =>
  madeSecret(world, `token/${userId}/${serial}`);

function tokenEntry(world: World, userId: string): ShownEntry | undefined {
  const issued = world.issued.get(userId);
  if (issued === undefined || issued.expiresAt < now(world)) return undefined;
  if (!world.rules.encryptToken) return clear('OPENCTI_TOKEN', tokenOf(world, userId, issued.serial));
  return issued.envelope === '' ? undefined : { key: 'OPENCTI_TOKEN', value: issued.envelope, encrypted: true };
}

const clear = (key: string, value: string): ShownEntry => ({ key, value, encrypted: null });

function configurationOf(world: World, connector: Connector, name: string, token: ShownEntry): readonly ShownEntry[] {
  const added = [
    clear('CONNECTOR_ID', connector.id),
    clear('CONNECTOR_NAME', name),
    clear('CONNECTOR_TYPE', connector.type),
    token,
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

function snapshot(world: World, connector: Connector, token: ShownEntry): Shown {
  const faults = world.faults.listing;
  const name = entryFor(faults?.names, connector) ?? connector.name;
  const image = isMeant(faults?.emptyImages, connector) ? '' : connector.image;
  const configuration = configurationOf(world, connector, name, token);
  return { name, image, configuration, hash: contractHash(image, configuration, connector.stateTimestamp) };
}

/** What the manager gets. Issues the connector's token; throws when no manager is registered to encrypt it for. */
export function show(world: World, connector: Connector): Shown {
  issueToken(world, connector.userId);
  const token = tokenEntry(world, connector.userId);
  if (token === undefined) throw new Error('a token was issued and is not there');
  return snapshot(world, connector, token);
}

/** The hash of the next listing, without touching anything; undefined while that listing would issue a new token. */
export function peekHash(world: World, connector: Connector): string | undefined {
  const token = tokenEntry(world, connector.userId);
  return token === undefined ? undefined : snapshot(world, connector, token).hash;
}

/** The platform's default page size, which silently bounds its listing. */
const pageSize = 500;

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
