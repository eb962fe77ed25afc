import { afterEach, describe, expect, test } from 'vitest';
import { openaev } from '../../platforms/openaev.ts';
import { open } from '../../platforms/decrypt.ts';
import { publicKeyText } from '../../platforms/keys.ts';
import type { ClientOptions } from '../../platforms/options.ts';
import type { PlatformClient } from '../../platforms/platform.ts';
import { type Sandbox, startSandbox } from '../../sandbox/server.ts';
import { vectorKey } from '../unit/decrypt-vectors.ts';

/** The client against the stand-in, which obeys the platform's rules; nothing in between. */
const signal = new AbortController().signal;
const closing: { close(): Promise<void> }[] = [];
afterEach(async () => {
  await Promise.all(closing.splice(0).map((one) => one.close()));
});

async function ground(more: Partial<ClientOptions> = {}, path = ''): Promise<[PlatformClient, Sandbox]> {
  const sandbox = await startSandbox({ token: 'admin-token', basePath: path });
  const client = openaev({
    url: `${sandbox.url}/`,
    token: 'admin-token',
    manager: { id: 'demo manager/01', name: 'Demo manager' },
    key: vectorKey,
    unsecuredCertificate: false,
    withProxy: false,
    proxyCa: [],
    requestTimeoutMs: 2_000,
    connectTimeoutMs: 1_000,
    listingTimeoutMs: 2_000,
    ...more,
  });
  closing.push(client, sandbox);
  return [client, sandbox];
}

const problem = (type: string, text = ''): object => ({ type, message: expect.stringContaining(text) as string });
const health = { restartCount: 2, startedAt: '2026-08-21T09:15:02.123Z', inRebootLoop: true };
const nmap = { name: 'Nmap: The network mapper', slug: 'openaev_nmap' };

describe('a manager of OpenAEV', () => {
  test('registers with a key the platform can encrypt with, also below a path', async () => {
    const [client, sandbox] = await ground({}, '/aev');
    expect(await client.version(signal)).toBe('3.260728.0');
    expect(await client.register(signal)).toBe('3.260728.0');
    expect(sandbox.control.openaev.managers()).toMatchObject([
      { id: 'demo manager/01', name: 'Demo manager', publicKey: publicKeyText(vectorKey, 'spki').trim() },
    ]);
    expect(await client.ping(signal)).toBe('3.260728.0');
  });

  test('is told that it is not known: before any registration, and after another one took its place', async () => {
    const [client, sandbox] = await ground();
    await expect(client.ping(signal)).rejects.toMatchObject(problem('Gone'));
    await expect(client.list(signal)).rejects.toMatchObject(problem('Gone'));
    await client.register(signal);
    const { id } = sandbox.control.openaev.add(nmap);
    sandbox.control.openaev.usurp('another');
    for (const call of [() => client.ping(signal), () => client.list(signal)])
      await expect(call()).rejects.toMatchObject(problem('Gone', 'another manager'));
    // These must not be taken for a connector that is gone.
    for (const call of [
      () => client.reportStatus(id, 'started', signal),
      () => client.pushLogs(id, ['x'], signal),
      () => client.pushHealth(id, health, signal),
    ])
      await expect(call()).rejects.toMatchObject(problem('PlatformUnavailable', 'another manager'));
  });

  test('asks for the version itself, as a ping only repeats that of the registration', async () => {
    let now = Date.parse('2026-01-01T00:00:00Z');
    const sandbox = await startSandbox({ token: 'admin-token' });
    const options: ClientOptions = {
      url: sandbox.url,
      token: 'admin-token',
      manager: { id: 'm1', name: 'Demo manager' },
      key: vectorKey,
      unsecuredCertificate: false,
      withProxy: false,
      proxyCa: [],
      requestTimeoutMs: 2_000,
      connectTimeoutMs: 1_000,
      listingTimeoutMs: 2_000,
    };
    const client = openaev(options, () => now);
    closing.push(client, sandbox);
    await client.register(signal);
    sandbox.control.openaev.setRules({ platformVersion: '3.9' });
    expect(await client.ping(signal)).toBe('3.260728.0');
    now += 11 * 60_000;
    expect(await client.ping(signal)).toBe('3.9');
  });
});

describe('the listing', () => {
  test('tells collectors, injectors, executors and secrets providers by their own key, tokens sealed, secrets readable', async () => {
    const [client, sandbox] = await ground();
    await client.register(signal);
    const { openaev: control } = sandbox.control;
    control.add({
      name: 'CrowdStrike',
      slug: 'openaev_crowdstrike',
      requested: 'starting',
      configuration: [{ key: 'CROWDSTRIKE_CLIENT_SECRET', value: 's3cret-é', envelope: 2 }],
    });
    control.add({ ...nmap, configuration: { INJECTOR_LOG_LEVEL: 'info' } });
    control.add({ name: 'Executor', slug: 'demo_executor' });
    control.add({ name: 'Vault', slug: 'demo_secrets_provider', configuration: { DEMO_VAULT_PASSWORD: 'pässword' } });
    const { records, skipped, complete } = await client.list(signal);
    expect([skipped, complete]).toEqual([[], true]);
    const value = (index: number, key: string) => records[index]?.configuration.find((e) => e.key === key);
    const ids = ['COLLECTOR_ID', 'INJECTOR_ID', 'EXECUTOR_ID', 'SECRETS_PROVIDER_ID'];
    expect(records.map((r) => ids.filter((key) => r.configuration.some((e) => e.key === key)))).toEqual(
      ids.map((key) => [key]),
    );
    expect(records[0]).toMatchObject({
      platform: 'openaev',
      name: `CrowdStrike-${value(0, 'COLLECTOR_ID')?.value}`,
      image: 'openaev/collector-crowdstrike:3.260728.0',
      currentStatus: 'stopped',
      requestedStatus: 'start',
      contractHash: control.connector('CrowdStrike').hash,
    });
    expect(records[1]).toMatchObject({ requestedStatus: 'stop', currentStatus: 'stopped' });
    expect(open(value(0, 'CROWDSTRIKE_CLIENT_SECRET')?.value ?? '', [vectorKey])).toMatchObject({ text: 's3cret-é' });
    expect(open(value(3, 'DEMO_VAULT_PASSWORD')?.value ?? '', [vectorKey])).toMatchObject({ text: 'pässword' });
    const token = value(0, 'OPENAEV_TOKEN');
    expect(token?.encrypted).toBe(true);
    expect(JSON.stringify(records)).not.toContain(sandbox.control.secrets()[0]);
    expect(sandbox.control.secrets()).toContain(
      (open(token?.value ?? '', [vectorKey]) as { readonly text: string }).text,
    );
  });

  test('one incomplete instance is skipped and told of; absent members are no reason', async () => {
    const [client, sandbox] = await ground();
    await client.register(signal);
    const { openaev: control } = sandbox.control;
    for (const name of ['whole', 'no hash', 'no image', 'no id'])
      control.add({ name, image: 'x:1', configuration: [{ key: 'SECRET', value: 'x', secret: true }] });
    control.setFaults({
      listing: {
        missingFields: {
          'no hash': ['connector_instance_hash'],
          'no image': ['connector_image', 'connector_instance_configurations', 'connector_instance_current_status'],
          'no id': ['connector_instance_id'],
        },
        nullSecrets: ['whole'],
      },
    });
    const { records, skipped, complete } = await client.list(signal);
    expect(records.map((r) => [r.name.slice(0, 8), r.image, r.currentStatus])).toEqual([
      ['whole-' + records[0]?.name.slice(6, 8), 'x:1', 'stopped'],
      ['no image', '', null],
    ]);
    expect(records[0]?.configuration.find((e) => e.key === 'SECRET')).toMatchObject({ value: '', encrypted: true });
    expect(skipped).toMatchObject([
      { requestedStatus: 'stop', reason: 'connector_instance_hash is missing' },
      { reason: 'connector_instance_id is missing' },
    ]);
    expect(complete).toBe(false);
  });

  test.each<[string, (s: Sandbox) => void, object]>([
    ['null', (s) => s.control.openaev.setFaults({ listing: { mode: 'null' } }), problem('PlatformUnavailable', 'list')],
    [
      'garbage',
      (s) => s.control.openaev.setFaults({ operations: { list: { garbage: true } } }),
      problem('PlatformUnavailable'),
    ],
    [
      'a proxy’s page',
      (s) => s.control.openaev.setFaults({ operations: { '*': { status: 503 } } }),
      problem('PlatformUnavailable', '503'),
    ],
    [
      'nothing',
      (s) => s.control.openaev.setFaults({ operations: { list: { hang: true } } }),
      problem('PlatformUnavailable', 'in time'),
    ],
    [
      'a cut connection',
      (s) => s.control.openaev.setFaults({ operations: { list: { drop: true } } }),
      problem('PlatformUnavailable'),
    ],
    [
      'that the right is missing',
      (s) => s.control.openaev.setFaults({ missingRights: ['CATALOG_READ'] }),
      problem('NotPermitted', 'READ on CATALOG'),
    ],
    [
      'not found for a missing right',
      (s) => {
        s.control.openaev.setRules({ forbidden: 404 });
        s.control.openaev.setFaults({ missingRights: ['CATALOG_READ'] });
      },
      problem('NotPermitted', 'READ on CATALOG'),
    ],
    [
      'not found, being too old',
      (s) => s.control.openaev.setFaults({ missingFeatures: ['manager'] }),
      problem('NotPermitted', '2.1.0'),
    ],
  ])('is never empty when the platform answers %s', async (_what, spoil, expected) => {
    const [client, sandbox] = await ground();
    await client.register(signal);
    sandbox.control.openaev.add(nmap);
    spoil(sandbox);
    await expect(client.list(signal)).rejects.toMatchObject(expected);
  });

  test('a wrong token is told as one', async () => {
    const [client] = await ground({ token: 'wrong' });
    await expect(client.version(signal)).rejects.toMatchObject(problem('NotPermitted', 'openaev.token'));
  });
});

describe('what is reported', () => {
  test('status, health and one log element, in order', async () => {
    const [client, sandbox] = await ground();
    await client.register(signal);
    const { id } = sandbox.control.openaev.add(nmap);
    await client.reportStatus(id, 'started', signal);
    await client.pushHealth(id, health, signal);
    await client.pushLogs(id, ['c', 'b', 'a', 'a'], signal);
    await client.pushLogs(id, ['later'], signal);
    expect(sandbox.control.openaev.connector(id)).toMatchObject({
      current: 'started',
      health: { restart_count: 2, started_at: health.startedAt, is_in_reboot_loop: true },
      logs: ['c', 'b', 'a', 'a', 'later'],
    });
    expect(sandbox.control.calls({ operation: 'openaev.logs' }).map((c) => c.detail)).toEqual([
      '1 elements',
      '1 elements',
    ]);
    sandbox.control.openaev.setRules({ logsReply: true });
    await client.pushLogs(id, ['old reply'], signal);
  });

  test('an instance the platform deleted meanwhile is no failure', async () => {
    const [client, sandbox] = await ground();
    await client.register(signal);
    const { id } = sandbox.control.openaev.add(nmap);
    sandbox.control.openaev.remove(id);
    for (const call of [
      () => client.reportStatus(id, 'started', signal),
      () => client.pushLogs(id, ['x'], signal),
      () => client.pushHealth(id, health, signal),
    ])
      await expect(call()).rejects.toMatchObject({ ...problem('Gone', 'any more'), kind: 'benign' });
  });

  test('a call that this version lacks is not made again before the version changes', async () => {
    const told: string[] = [];
    const [client, sandbox] = await ground({ onFeatureMissing: (operation) => told.push(operation) });
    await client.register(signal);
    const { id } = sandbox.control.openaev.add(nmap);
    sandbox.control.openaev.setFaults({ missingFeatures: ['health'] });
    for (let i = 0; i < 3; i++)
      await expect(client.pushHealth(id, health, signal)).rejects.toMatchObject(problem('FeatureMissing'));
    expect(told).toEqual(['health']);
    sandbox.control.openaev.setFaults({ missingFeatures: null });
    sandbox.control.openaev.setRules({ platformVersion: '3.9' });
    await client.register(signal);
    await client.pushHealth(id, health, signal);
    expect(sandbox.control.openaev.connector(id).restarts).toBe(2);
  });

  test('a conflict is tried again, another refusal is not', async () => {
    const [client, sandbox] = await ground();
    await client.register(signal);
    const { id } = sandbox.control.openaev.add(nmap);
    const answer = (httpStatus: number) =>
      sandbox.control.openaev.setFaults({ operations: { status: { error: { code: '', message: 'no', httpStatus } } } });
    answer(409);
    await expect(client.reportStatus(id, 'started', signal)).rejects.toMatchObject({ kind: 'retryable' });
    answer(400);
    await expect(client.reportStatus(id, 'started', signal)).rejects.toMatchObject(problem('RequestRefused'));
    answer(500);
    await expect(client.reportStatus(id, 'started', signal)).rejects.toMatchObject(
      problem('PlatformUnavailable', '500'),
    );
  });
});
