import { generateKeyPairSync } from 'node:crypto';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { decryptConfiguration } from '../../platforms/decrypt.ts';
import { opencti } from '../../platforms/opencti.ts';
import type { ClientOptions } from '../../platforms/options.ts';
import type { PlatformClient } from '../../platforms/platform.ts';
import { startSandbox, type Sandbox } from '../../sandbox/server.ts';
import { vectorKey } from '../unit/decrypt-vectors.ts';
import { failure, optionsFor } from './opencti-server.ts';

const never = new AbortController().signal;
const secret = 'demo-s3cret-é';
let sandbox: Sandbox;
let clients: PlatformClient[];

beforeEach(async () => {
  clients = [];
  sandbox = await startSandbox({ token: 'b5c1a3e0-sandbox', basePath: '/opencti' });
});
afterEach(async () => {
  await Promise.all(clients.map((client) => client.close()));
  await sandbox.close();
});

function connect(more: Partial<ClientOptions> = {}): PlatformClient {
  const client = opencti(optionsFor(`${sandbox.url}/`, { token: sandbox.token, ...more }));
  clients.push(client);
  return client;
}
async function registered(more: Partial<ClientOptions> = {}): Promise<PlatformClient> {
  const client = connect(more);
  await client.register(never);
  return client;
}
const addIpinfo = () =>
  sandbox.control.add({ slug: 'ipinfo', name: 'ipinfo', configuration: { IPINFO_TOKEN: secret } });

test('registering, pinging and the version agree, and may be repeated', async () => {
  const client = connect();
  expect(await client.version(never)).toBe('7.260817.0');
  expect(await client.register(never)).toBe('7.260817.0');
  expect(await client.register(never)).toBe('7.260817.0');
  expect(sandbox.control.managers()).toHaveLength(1);
  sandbox.control.upgrade('7.260901.0');
  expect(await client.ping(never)).toBe('7.260901.0');
});

test('a platform that forgot us says so, and takes us again', async () => {
  const client = await registered();
  sandbox.control.forgetManagers();
  expect(await failure(client.ping(never))).toMatchObject({ kind: 'benign', type: 'Gone' });
  await client.register(never);
  expect(await client.ping(never)).toBe('7.260817.0');
});

test('a second manager is refused', async () => {
  await registered();
  const other = connect({ manager: { id: 'demo-manager-02', name: 'Another' } });
  expect(await failure(other.register(never))).toMatchObject({ kind: 'permanent', type: 'ManagerConflict' });
});

test.each<['encrypted' | 'clear', 1 | 2, number]>([
  ['encrypted', 1, 2048],
  ['encrypted', 2, 3072],
  ['clear', 2, 4096],
])('a connector is listed with its secrets: %s token, version %i, %i bits', async (token, envelopeVersion, bits) => {
  sandbox.control.setRules({ encryptToken: token === 'encrypted', envelopeVersion });
  const key = bits === 2048 ? vectorKey : generateKeyPairSync('rsa', { modulusLength: bits }).privateKey;
  const client = await registered({ key });
  const { id } = addIpinfo();
  const listing = await client.list(never);
  expect(listing).toMatchObject({ skipped: [], complete: true });
  const [record] = listing.records;
  expect(record).toMatchObject({ id, name: 'ipinfo', currentStatus: null, requestedStatus: 'stop' });
  for (const plain of sandbox.control.secrets()) expect(JSON.stringify(listing)).not.toContain(plain);
  const { entries } = decryptConfiguration(record!.configuration, [key]);
  const clear = Object.fromEntries(entries.map((entry) => [entry.key, entry.value]));
  expect(clear).toMatchObject({ CONNECTOR_ID: id, IPINFO_TOKEN: secret });
  expect(sandbox.control.secrets()).toContain(clear['OPENCTI_TOKEN']);
  expect(await client.list(never)).toEqual(listing);
});

test('what is reported arrives', async () => {
  const client = await registered();
  const { id } = addIpinfo();
  await client.reportStatus(id, 'started', never);
  await client.pushLogs(id, ['first', '{"level":"INFO"}'], never);
  await client.pushHealth(id, { restartCount: 2, startedAt: '2026-08-21T09:15:02.123Z', inRebootLoop: true }, never);
  expect(sandbox.control.statusCalls(id)).toMatchObject([{ status: 'started', previous: null }]);
  expect(JSON.stringify(sandbox.control.connector(id))).toContain('first');
  expect((await client.list(never)).records[0]).toMatchObject({ currentStatus: 'started' });
  sandbox.control.stop(id);
  sandbox.control.remove(id);
  expect(await failure(client.reportStatus(id, 'stopped', never))).toMatchObject({ kind: 'benign', type: 'Gone' });
});

test('a token without the listing right is told which one is missing', async () => {
  const token = sandbox.control.addToken({ name: 'plain', capabilities: ['CONNECTORAPI'] });
  const client = await registered({ token });
  const problem = await failure(client.list(never));
  expect(problem).toMatchObject({ kind: 'permanent', type: 'NotPermitted' });
  expect(problem.message).toContain('SETTINGS_SETACCESSES');
  expect(await failure(connect({ token: 'wrong' }).version(never))).toMatchObject({ type: 'NotPermitted' });
});

test('an old platform: no key, no health', async () => {
  sandbox.control.setFaults({ missingFeatures: ['public_key'] });
  const old = await failure(connect().register(never));
  expect(old).toMatchObject({ type: 'InvalidConfiguration' });
  expect(old.message).toContain('6.8.0');
  sandbox.control.setFaults({ missingFeatures: ['health', 'logs'] });
  const told: string[] = [];
  const client = await registered({ onFeatureMissing: (operation) => told.push(operation) });
  const health = { restartCount: 0, startedAt: '2026-08-21T09:15:02.123Z', inRebootLoop: false };
  for (let i = 0; i < 2; i++) {
    expect(await failure(client.pushHealth('x', health, never))).toMatchObject({ type: 'FeatureMissing' });
    expect(await failure(client.pushLogs('x', ['a'], never))).toMatchObject({ type: 'FeatureMissing' });
  }
  expect(told).toEqual(['health', 'logs']);
});

test.each([
  ['null', { listing: { mode: 'null' } }],
  ['garbage', { operations: { connectorsForManagers: { garbage: true } } }],
  ['an error', { operations: { connectorsForManagers: { error: { code: 'DATABASE_ERROR', message: 'x' } } } }],
  ['a page of a proxy', { operations: { connectorsForManagers: { status: 503 } } }],
  ['a dropped connection', { operations: { connectorsForManagers: { drop: true } } }],
  ['silence', { operations: { connectorsForManagers: { hang: true } } }],
] as const)('%s is never an empty listing', async (_name, faults) => {
  const client = await registered({ listingTimeoutMs: 200 });
  addIpinfo();
  sandbox.control.setFaults(faults);
  expect(await failure(client.list(never))).toMatchObject({ kind: 'retryable', type: 'PlatformUnavailable' });
  sandbox.control.clearFaults();
  expect((await client.list(never)).records).toHaveLength(1);
});

test('a full page is listed whole; whether it may be cut off is for the orphan sweep to judge', async () => {
  const client = await registered();
  sandbox.control.setFaults({ listing: { mode: 'full' } });
  const listing = await client.list(never);
  expect(listing.records).toHaveLength(500);
  expect(listing.complete).toBe(true);
});

test('one broken record does not hide the others', async () => {
  const client = await registered();
  addIpinfo();
  sandbox.control.add({ slug: 'mitre', name: 'mitre' });
  sandbox.control.setFaults({ listing: { nullFields: { mitre: ['manager_contract_hash'] } } });
  const listing = await client.list(never);
  expect(listing.records.map((record) => record.name)).toEqual(['ipinfo']);
  expect(listing.skipped).toMatchObject([{ name: 'mitre', requestedStatus: 'stop' }]);
  expect(listing.complete).toBe(true);
  sandbox.control.setFaults({ listing: { nullFields: { mitre: ['id'] } } });
  expect((await client.list(never)).complete).toBe(false);
});

test('a corrupt or missing secret is found at decryption, and named', async () => {
  const client = await registered();
  addIpinfo();
  for (const [fault, reason] of [
    ['corruptSecrets', 'wrong_key_or_corrupt'],
    ['nullSecrets', 'too_short'],
  ] as const) {
    sandbox.control.setFaults({ listing: { [fault]: ['ipinfo'] } });
    const [record] = (await client.list(never)).records;
    expect(() => decryptConfiguration(record!.configuration, [vectorKey])).toThrow(`IPINFO_TOKEN (${reason})`);
    sandbox.control.setFaults({ listing: null });
  }
});
