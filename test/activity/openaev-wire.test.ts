import { inspect } from 'node:util';
import { afterEach, describe, expect, test } from 'vitest';
import type { Problem } from '../../model/errors.ts';
import { open } from '../../platforms/decrypt.ts';
import { publicKeyText } from '../../platforms/keys.ts';
import { openaev } from '../../platforms/openaev.ts';
import type { ClientOptions } from '../../platforms/options.ts';
import type { PlatformClient } from '../../platforms/platform.ts';
import { vectorKey } from '../unit/decrypt-vectors.ts';
import {
  certificate,
  failure,
  json,
  optionsFor,
  raw,
  serve,
  token,
  type Reply,
  type Running,
} from './opencti-server.ts';

const running: { close(): Promise<void> }[] = [];
afterEach(async () => {
  await Promise.all(running.splice(0).map((one) => one.close()));
});

async function start(
  reply: Reply,
  more: Partial<ClientOptions> = {},
  path = '',
  now = Date.now,
): Promise<[PlatformClient, Running]> {
  const server = await serve(reply);
  const client = openaev(optionsFor(`http://127.0.0.1:${server.port}${path}`, more), now);
  running.push(client, server);
  return [client, server];
}

const never = new AbortController().signal;
const id = '7c1d0d0e-12f1-4a55-a0ce-3d2b8f0f1101';
const health = { restartCount: 1, startedAt: '2026-08-21T09:15:02.123Z', inRebootLoop: false };
const spill = 'what-came-back';

type Call = (client: PlatformClient) => Promise<unknown>;
const calls = {
  version: (c) => c.version(never),
  register: (c) => c.register(never),
  ping: (c) => c.ping(never),
  list: (c) => c.list(never),
  status: (c) => c.reportStatus(id, 'started', never),
  logs: (c) => c.pushLogs(id, ['one', 'two'], never),
  health: (c) => c.pushHealth(id, health, never),
} satisfies Record<string, Call>;
type Name = keyof typeof calls;

const versionText = raw('2.4.0', 200, { 'content-type': 'text/plain;charset=UTF-8' });
const registered = json({ xtm_composer_id: 'demo-manager-01', xtm_composer_version: '2.4.0' });
/** Answers by the call it is asked for; the rest is as on a healthy platform. */
const platform =
  (answers: Partial<Record<Name, Reply>>): Reply =>
  (received, response) => {
    const { url } = received;
    const name: Name = url.endsWith('/version')
      ? 'version'
      : url.endsWith('/register')
        ? 'register'
        : url.endsWith('/refresh-connectivity')
          ? 'ping'
          : url.endsWith('/status')
            ? 'status'
            : url.endsWith('/logs')
              ? 'logs'
              : url.endsWith('/health-check')
                ? 'health'
                : 'list';
    const usual = { version: versionText, register: registered, ping: registered, list: json([]), logs: raw('') };
    (answers[name] ?? (usual as Partial<Record<Name, Reply>>)[name] ?? json({}))(received, response);
  };

describe('what is sent', () => {
  const base = '/api/xtm-composer/demo-manager-01';
  const instance = `${base}/connector-instances/${id}`;
  test.each<[Name, string, string, unknown]>([
    ['version', 'GET', '/api/settings/version', undefined],
    [
      'register',
      'POST',
      '/api/xtm-composer/register',
      { id: 'demo-manager-01', name: 'Demo manager', public_key: publicKeyText(vectorKey, 'spki') },
    ],
    ['ping', 'PUT', `${base}/refresh-connectivity`, undefined],
    ['list', 'GET', `${base}/connector-instances`, undefined],
    ['status', 'PUT', `${instance}/status`, { connector_instance_current_status: 'started' }],
    ['logs', 'POST', `${instance}/logs`, { connector_instance_logs: ['one\ntwo'] }],
    [
      'health',
      'PUT',
      `${instance}/health-check`,
      {
        connector_instance_restart_count: 1,
        connector_instance_started_at: '2026-08-21T09:15:02.123Z',
        connector_instance_is_in_reboot_loop: false,
      },
    ],
  ])('%s', async (name, method, url, body) => {
    const [client, server] = await start(platform({}));
    const result = await calls[name](client);
    if (['version', 'register', 'ping'].includes(name)) expect(result).toBe('2.4.0');
    const [sent] = server.received;
    expect(sent).toMatchObject({ method, url });
    expect(sent?.headers).toMatchObject({ authorization: `Bearer ${token}` });
    expect(sent?.headers['content-type']).toBe(method === 'GET' ? undefined : 'application/json');
    expect(sent?.body === '' ? undefined : JSON.parse(sent!.body)).toEqual(body);
    if (name === 'register') expect(sent?.body).toContain('BEGIN PUBLIC KEY');
  });

  test('ids are path segments, whatever is in them', async () => {
    const [client, server] = await start(platform({}), { manager: { id: 'a/b c?', name: 'Odd' } }, '/aev//');
    await client.reportStatus('x/../y#', 'stopped', never);
    expect(server.received[0]?.url).toBe('/aev/api/xtm-composer/a%2Fb%20c%3F/connector-instances/x%2F..%2Fy%23/status');
  });

  test('over TLS whose CA is known', async () => {
    const server = await serve(platform({}), true);
    const url = `https://localhost:${server.port}`;
    const [trusting, plain] = [{ proxyCa: [certificate] }, {}].map((more) => openaev(optionsFor(url, more)));
    running.push(server, trusting!, plain!);
    expect(await trusting!.version(never)).toBe('2.4.0');
    const problem = await failure(plain!.version(never));
    expect(problem.message).toMatch(/openaev\.https_proxy_ca.*openaev\.unsecured_certificate/);
  });
});

describe('what is good enough', () => {
  test.each<[Name, Reply]>([
    ['logs', raw('')],
    ['logs', json({ connector_instance_log_id: 'x' })],
    ['logs', raw('taken', 200, { 'content-type': 'text/plain' })],
    ['status', raw('')],
    ['version', json('2.4.0')],
    ['version', raw('2.4.0\n', 200, {})],
  ])('%s', async (name, reply) => {
    const [client] = await start(platform({ [name]: reply }));
    expect(await calls[name](client)).toBe(name === 'version' ? '2.4.0' : undefined);
  });

  test.each<[Name, Reply]>([
    ['version', raw('<html>')],
    ['version', raw('')],
    ['version', json({ version: '2.4.0' })],
    ['register', raw('<html>')],
    ['list', raw('')],
    ['list', raw('null')],
    ['list', raw('[{"connector_', 200, { 'content-type': 'application/json' })],
    ['list', json({ content: [] })],
    ['list', raw('<html>')],
    ['status', raw('<html>')],
    ['health', raw('<html>')],
  ])('%s is not', async (name, reply) => {
    const [client] = await start(platform({ [name]: reply }));
    expect(await failure(calls[name](client))).toMatchObject({ kind: 'retryable', type: 'PlatformUnavailable' });
  });
});

const wrongManager = { id: '0d2c7a3e-0000', message: 'Invalid xtm-composer identifier' };
const springError = { timestamp: '2026-08-21T09:15:02Z', status: 400, error: 'Bad Request', path: '/api' };
const unknownInstance = { message: `Element not found: ConnectorInstance with id ${id} not found` };

describe('errors are classified', () => {
  test.each<[Name, number, unknown, string, string]>([
    ['list', 401, spill, 'NotPermitted', 'openaev.token'],
    ['version', 403, { message: `Access denied for user: ${spill}` }, 'NotPermitted', 'ACCESS_PLATFORM_SETTINGS'],
    ['list', 403, {}, 'NotPermitted', 'ACCESS_TENANT_SETTINGS'],
    ['register', 403, {}, 'NotPermitted', 'MANAGE_TENANT_SETTINGS'],
    ['list', 404, { message: spill }, 'NotPermitted', '2.1.0'],
    ['register', 404, springError, 'NotPermitted', '2.1.0'],
    ['status', 404, springError, 'NotPermitted', 'WRITE on CATALOG'],
    ['list', 405, {}, 'NotPermitted', '2.1.0'],
    ['status', 404, unknownInstance, 'Gone', 'this connector any more'],
    ['logs', 404, unknownInstance, 'Gone', 'this connector any more'],
    ['health', 404, unknownInstance, 'Gone', 'this connector any more'],
    ['logs', 404, springError, 'FeatureMissing', 'no such call'],
    ['health', 405, '', 'FeatureMissing', 'no such call'],
    ['ping', 400, wrongManager, 'Gone', 'another manager'],
    ['ping', 400, springError, 'Gone', 'another manager'],
    ['ping', 500, springError, 'Gone', 'another manager'],
    ['list', 400, wrongManager, 'Gone', 'another manager'],
    ['list', 400, springError, 'Gone', 'another manager'],
    ['status', 400, wrongManager, 'PlatformUnavailable', 'another manager'],
    ['logs', 400, springError, 'PlatformUnavailable', 'another manager'],
    ['health', 400, wrongManager, 'PlatformUnavailable', 'another manager'],
    ['status', 400, { message: `Invalid value '${spill}' for field` }, 'RequestRefused', 'status 400'],
    ['health', 400, { code: 400, errors: { children: {} } }, 'RequestRefused', 'status 400'],
    ['register', 400, { errors: { children: {} } }, 'InvalidConfiguration', 'manager.name'],
    ['status', 409, {}, 'PlatformUnavailable', 'same time'],
    ['status', 429, '', 'PlatformUnavailable', 'too many'],
    ['list', 500, springError, 'PlatformUnavailable', 'status 500'],
    ['list', 503, '', 'PlatformUnavailable', 'status 503'],
    ['logs', 413, '', 'RequestRefused', 'larger'],
  ])('%s: status %i with %j is %s', async (name, status, body, type, says) => {
    const [client, server] = await start(platform({ [name]: body === '' ? raw('', status, {}) : json(body, status) }));
    const problem = await failure(calls[name](client));
    expect(problem.type).toBe(type);
    expect(problem.message).toContain(says);
    expect(server.received).toHaveLength(1);
    expectNothingLeaks(problem);
  });

  test.each<[number, string, string]>([
    [302, 'PlatformUnavailable', 'redirect'],
    [401, 'NotPermitted', 'reverse proxy'],
    [403, 'NotPermitted', 'reverse proxy'],
    [404, 'PlatformUnavailable', 'openaev.url'],
    [502, 'PlatformUnavailable', 'status 502'],
    [503, 'PlatformUnavailable', 'status 503'],
  ])('a page with status %i is %s', async (status, type, says) => {
    for (const call of Object.values(calls)) {
      const [client] = await start(
        raw(`<html>${spill}</html>`, status, { 'content-type': 'text/html', location: '/' }),
      );
      const problem = await failure(call(client));
      expect(problem.type).toBe(type);
      expect(problem.message).toContain(says);
      expectNothingLeaks(problem);
    }
  });

  test('an echo of the request shows nothing of it', async () => {
    for (const call of Object.values(calls))
      for (const status of [200, 400, 404, 500]) {
        const [client] = await start(({ body, headers }, response) => {
          response.writeHead(status, { 'content-type': 'application/json' });
          response.end(JSON.stringify({ message: `${body} ${JSON.stringify(headers)} ${spill}` }));
        });
        const problem = await call(client).then(
          () => undefined,
          (error: unknown) => error as Problem,
        );
        if (problem !== undefined) expectNothingLeaks(problem);
      }
  });

  test.each<[string, Reply, Partial<ClientOptions>, string]>([
    ['no answer in time', () => undefined, { requestTimeoutMs: 50 }, 'within 50 ms'],
    ['half an answer', (_r, response) => void response.writeHead(200).write('2.'), { requestTimeoutMs: 50 }, '50 ms'],
    ['a dropped connection', (_r, response) => response.destroy(), {}, 'cannot be reached'],
  ])('%s is an outage', async (_name, reply, more, says) => {
    const [client] = await start(reply, more);
    const problem = await failure(client.version(never));
    expect(problem).toMatchObject({ kind: 'retryable', type: 'PlatformUnavailable' });
    expect(problem.message).toContain(says);
    expectNothingLeaks(problem);
  });

  test('a cancelled call ends with the reason it was given', async () => {
    const [client, { received }] = await start(() => undefined);
    const cancel = new AbortController();
    const reason = new Error('cancelled by the caller');
    const call = client.list(cancel.signal);
    await expect.poll(() => received.length).toBe(1);
    cancel.abort(reason);
    await expect(call).rejects.toBe(reason);
    await expect(client.version(cancel.signal)).rejects.toBe(reason);
    expect(received).toHaveLength(1);
  });
});

function expectNothingLeaks(problem: Problem): void {
  const all = inspect(problem, { depth: 10, showHidden: true }) + JSON.stringify(problem) + problem.stack;
  for (const secret of [token, spill, 'BEGIN PUBLIC', 'connector_instance_', 'one\\ntwo', id])
    expect(all).not.toContain(secret);
  expect(problem.cause).toBeUndefined();
}

describe('the version', () => {
  test('is asked for every ten minutes, because a ping tells the one of the registration', async () => {
    let clock = 0;
    let now = '2.4.0';
    let up = true;
    const [client, server] = await start(
      platform({
        version: (r, response) => (up ? raw(now, 200, { 'content-type': 'text/plain' }) : raw('', 503))(r, response),
      }),
      {},
      '',
      () => clock,
    );
    const asked = () => server.received.filter((r) => r.url.endsWith('/settings/version')).length;
    await client.version(never);
    expect(await client.register(never)).toBe('2.4.0');
    now = '3.260701.0';
    for (let i = 0; i < 9; i++) {
      clock += 60_000;
      expect(await client.ping(never)).toBe('2.4.0');
    }
    expect(asked()).toBe(1);
    up = false;
    clock += 60_000;
    expect(await client.ping(never)).toBe('2.4.0');
    expect(asked()).toBe(2);
    up = true;
    expect(await client.ping(never)).toBe('3.260701.0');
    expect(await client.ping(never)).toBe('3.260701.0');
    expect(asked()).toBe(3);
  });

  test('a call it does not have is asked for once, told of once, and tried again with another', async () => {
    const told: string[] = [];
    let now = '2.1.0';
    const [client, server] = await start(
      platform({
        version: (r, response) => raw(now, 200, { 'content-type': 'text/plain' })(r, response),
        health: (r, response) => (now === '2.1.0' ? json(springError, 404) : json({}))(r, response),
      }),
      { onFeatureMissing: (operation, { kind, type }) => told.push(`${operation} ${kind} ${type}`) },
    );
    await client.version(never);
    for (let i = 0; i < 3; i++)
      expect((await failure(client.pushHealth(id, health, never))).type).toBe('FeatureMissing');
    await client.pushLogs(id, ['x'], never);
    expect(server.received.filter((r) => r.url.endsWith('/health-check'))).toHaveLength(1);
    now = '2.4.0';
    await client.version(never);
    await client.pushHealth(id, health, never);
    expect(told).toEqual(['health benign FeatureMissing']);
  });
});

describe('the listing', () => {
  const entry = (key: string, value?: string, more: object = { configuration_is_encrypted: false }) => ({
    configuration_key: key,
    ...(value === undefined ? {} : { configuration_value: value }),
    ...more,
  });
  const record = (hash: string, secret: string) => ({
    connector_instance_id: id,
    connector_instance_name: 'Nmap-11111111',
    connector_instance_hash: hash,
    connector_image: 'openaev/injector-nmap:2.4.0',
    connector_instance_current_status: 'stopped',
    connector_instance_requested_status: 'starting',
    connector_instance_configurations: [entry('OPENAEV_TOKEN', secret), entry('INJECTOR_ID', '11111111')],
  });

  test('holds no clear token, and seals it again only for a new hash', async () => {
    let current = record('h1', 'clear-1');
    const [client] = await start(platform({ list: (r, response) => json([current])(r, response) }));
    const first = await client.list(never);
    const [sealed, own] = first.records[0]!.configuration;
    expect(own).toEqual({ key: 'INJECTOR_ID', value: '11111111', encrypted: false });
    expect(sealed).toMatchObject({ key: 'OPENAEV_TOKEN', encrypted: true });
    expect(open(sealed!.value, [vectorKey])).toEqual({ text: 'clear-1', keyIndex: 0 });
    expect(await client.list(never)).toEqual(first);
    current = record('h2', 'clear-2');
    const [resealed] = (await client.list(never)).records[0]!.configuration;
    expect(open(resealed!.value, [vectorKey])).toEqual({ text: 'clear-2', keyIndex: 0 });
  });

  test('has more time than the rest', async () => {
    const [client] = await start(
      platform({ list: (r, response) => void setTimeout(() => json([])(r, response), 150), version: () => undefined }),
      { requestTimeoutMs: 50, listingTimeoutMs: 5_000 },
    );
    expect(await client.list(never)).toEqual({ records: [], skipped: [], complete: true });
    expect((await failure(client.version(never))).message).toContain('50 ms');
  });
});

test.each<[string, Partial<ClientOptions>, string]>([
  ['no URL', { url: 'openaev' }, 'openaev.url'],
  ['a password in the URL', { url: 'http://u:s3cret@x' }, 'openaev.token'],
  ['a line end in the token', { token: 's3cret\nx' }, 'openaev.token'],
  ['a proxy that is no URL', { withProxy: true, httpProxy: 's3cret://x y' }, 'openaev.http_proxy'],
  ['a CA that is no certificate', { proxyCa: ['s3cret'] }, 'openaev.https_proxy_ca: entry 1'],
])('is not built with %s', (_name, more, says) => {
  const build = () => openaev(optionsFor('http://127.0.0.1:1', more));
  expect(build).toThrow(expect.objectContaining({ kind: 'permanent', type: 'InvalidConfiguration' }));
  expect(build).toThrow(says);
  expect(build).not.toThrow('s3cret');
});
