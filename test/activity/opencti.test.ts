import { inspect } from 'node:util';
import { afterEach, describe, expect, test } from 'vitest';
import type { Problem } from '../../model/errors.ts';
import { open } from '../../platforms/decrypt.ts';
import { platformClient } from '../../platforms/index.ts';
import { publicKeyText } from '../../platforms/keys.ts';
import { opencti } from '../../platforms/opencti.ts';
import type { ClientOptions } from '../../platforms/options.ts';
import type { PlatformClient } from '../../platforms/platform.ts';
import { vectorKey } from '../unit/decrypt-vectors.ts';
import {
  failure,
  graphqlError,
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

async function start(reply: Reply, more: Partial<ClientOptions> = {}, path = ''): Promise<[PlatformClient, Running]> {
  const server = await serve(reply);
  const client = opencti(optionsFor(`http://127.0.0.1:${server.port}${path}`, more));
  running.push(client, server);
  return [client, server];
}

const never = new AbortController().signal;
const id = '5b0e8f3a-6a0c-4f0e-9d55-0c7f3f1f9a01';
const health = { restartCount: 1, startedAt: '2026-08-21T09:15:02.123Z', inRebootLoop: false };

type Call = (client: PlatformClient) => Promise<unknown>;
const calls = {
  version: [(c) => c.version(never), 'about'],
  register: [(c) => c.register(never), 'registerConnectorsManager'],
  ping: [(c) => c.ping(never), 'updateConnectorManagerStatus'],
  list: [(c) => c.list(never), 'connectorsForManagers'],
  status: [(c) => c.reportStatus(id, 'started', never), 'updateConnectorCurrentStatus'],
  logs: [(c) => c.pushLogs(id, ['one', 'two'], never), 'updateConnectorLogs'],
  health: [(c) => c.pushHealth(id, health, never), 'updateConnectorHealth'],
} satisfies Record<string, [Call, string]>;
type Name = keyof typeof calls;

describe('what is sent', () => {
  test.each<[Name, unknown, string, string, unknown]>([
    ['version', { about: { version: '7.1' } }, 'GetVersion', 'query GetVersion { about { version } }', undefined],
    [
      'register',
      { registerConnectorsManager: { id: 'x', about_version: '7.1' } },
      'RegisterConnectorsManager',
      'mutation RegisterConnectorsManager($input: RegisterConnectorsManagerInput!) { registerConnectorsManager(input: $input) { id about_version } }',
      { id: 'demo-manager-01', name: 'Demo manager', public_key: publicKeyText(vectorKey, 'pkcs1') },
    ],
    [
      'ping',
      { updateConnectorManagerStatus: { id: 'x', about_version: '7.1' } },
      'UpdateConnectorManagerStatus',
      'mutation UpdateConnectorManagerStatus($input: UpdateConnectorManagerStatusInput!) { updateConnectorManagerStatus(input: $input) { id about_version } }',
      { id: 'demo-manager-01' },
    ],
    [
      'list',
      { connectorsForManagers: [] },
      'GetConnectors',
      'query GetConnectors { connectorsForManagers { id name manager_contract_hash manager_contract_image manager_current_status manager_requested_status manager_contract_configuration { key value encrypted } } }',
      undefined,
    ],
    [
      'status',
      { updateConnectorCurrentStatus: { id } },
      'UpdateConnectorCurrentStatus',
      'mutation UpdateConnectorCurrentStatus($input: CurrentConnectorStatusInput!) { updateConnectorCurrentStatus(input: $input) { id manager_current_status manager_requested_status } }',
      { id, status: 'started' },
    ],
    [
      'logs',
      { updateConnectorLogs: id },
      'ReportConnectorLogs',
      'mutation ReportConnectorLogs($input: LogsConnectorStatusInput!) { updateConnectorLogs(input: $input) }',
      { id, logs: ['one', 'two'] },
    ],
    [
      'health',
      { updateConnectorHealth: id },
      'UpdateConnectorHealth',
      'mutation UpdateConnectorHealth($input: HealthConnectorStatusInput!) { updateConnectorHealth(input: $input) }',
      { id, restart_count: 1, started_at: '2026-08-21T09:15:02.123Z', is_in_reboot_loop: false },
    ],
  ])('%s', async (name, data, operationName, query, input) => {
    const [client, server] = await start(json({ data }));
    const result = await calls[name][0](client);
    if (['version', 'register', 'ping'].includes(name)) expect(result).toBe('7.1');
    const [sent] = server.received;
    expect(sent).toMatchObject({ method: 'POST', url: '/graphql' });
    expect(sent?.headers).toMatchObject({ authorization: `Bearer ${token}`, 'content-type': 'application/json' });
    expect(JSON.parse(sent!.body)).toEqual({
      operationName,
      query,
      ...(input === undefined ? {} : { variables: { input } }),
    });
  });

  test.each(['', '/', '//'])('to a base path ending in "%s"', async (end) => {
    const [client, server] = await start(json({ data: { about: { version: '7.1' } } }), {}, `/a/b${end}`);
    await client.version(never);
    expect(server.received[0]?.url).toBe('/a/b/graphql');
  });
});

describe('a reply counts as', () => {
  const good = { data: { about: { version: '7.1' } } };
  test.each<[string, Reply]>([
    ['status 500', json(good, 500)],
    ['another content type', json(good, 200, 'text/plain')],
    ['an empty list of errors', json({ ...good, errors: [] })],
  ])('good with %s', async (_name, reply) => {
    const [client] = await start(reply);
    expect(await client.version(never)).toBe('7.1');
  });

  test.each<[string, Reply]>([
    ['an error beside data', json({ ...good, errors: [{ message: 'no' }] })],
    ['the field null', json({ data: { about: null } })],
    ['the field missing', json({ data: {} })],
    ['data null', json({ data: null })],
    ['a version that is none', json({ data: { about: { version: null } } })],
    ['an empty body', raw('')],
    ['garbage', raw('{"data":', 200, { 'content-type': 'application/json' })],
    ['JSON of another kind', json(['x'])],
    ['errors that are no list', json({ ...good, errors: 'no' })],
  ])('unusable with %s', async (_name, reply) => {
    const [client] = await start(reply);
    expect(await failure(client.version(never))).toMatchObject({ kind: 'retryable', type: 'PlatformUnavailable' });
  });
});

const spill = 'what-came-back';
const oneManager = 'Only one connector manager is supported per instance';
const unknownElement = 'Cant find element to update';

describe('errors are classified', () => {
  test.each<[Name, string, string, string, string]>([
    ['list', 'AUTH_REQUIRED', spill, 'NotPermitted', 'opencti.token'],
    ['list', 'FORBIDDEN_ACCESS', spill, 'NotPermitted', 'SETTINGS_SETACCESSES'],
    ['register', 'FORBIDDEN_ACCESS', spill, 'NotPermitted', 'the right CONNECTORAPI'],
    ['health', 'FORBIDDEN_ACCESS', spill, 'NotPermitted', 'the right CONNECTORAPI'],
    ['ping', 'OTP_REQUIRED', spill, 'NotPermitted', 'two-factor'],
    ['ping', 'OTP_REQUIRED_ACTIVATION', spill, 'NotPermitted', 'two-factor'],
    ['ping', 'PASSWORD_CHANGE_REQUIRED', spill, 'NotPermitted', 'password'],
    ['ping', 'LTS_REQUIRED_ACTIVATION', spill, 'NotPermitted', 'licence'],
    ['register', 'UNSUPPORTED_ERROR', oneManager, 'ManagerConflict', 'manager.id'],
    ['register', 'UNSUPPORTED_ERROR', spill, 'PlatformUnavailable', 'UNSUPPORTED_ERROR'],
    ['register', 'FUNCTIONAL_ERROR', spill, 'InvalidConfiguration', 'manager.name'],
    ['register', 'VALIDATION_ERROR', spill, 'InvalidConfiguration', 'manager.name'],
    ['register', 'BAD_USER_INPUT', spill, 'InvalidConfiguration', '6.8.0'],
    ['register', 'GRAPHQL_VALIDATION_FAILED', spill, 'InvalidConfiguration', '6.8.0'],
    ['list', 'GRAPHQL_VALIDATION_FAILED', spill, 'InvalidConfiguration', '6.8.0'],
    ['ping', 'FUNCTIONAL_ERROR', unknownElement, 'Gone', 'this manager any more'],
    ['ping', 'FUNCTIONAL_ERROR', spill, 'PlatformUnavailable', 'FUNCTIONAL_ERROR'],
    ['status', 'FUNCTIONAL_ERROR', unknownElement, 'Gone', 'this connector any more'],
    ['status', 'ALREADY_DELETED_ERROR', spill, 'Gone', 'this connector any more'],
    ['status', 'MISSING_REFERENCE_ERROR', spill, 'Gone', 'this connector any more'],
    ['logs', 'RESOURCE_NOT_FOUND', spill, 'Gone', 'this connector any more'],
    ['list', 'RESOURCE_NOT_FOUND', spill, 'PlatformUnavailable', 'RESOURCE_NOT_FOUND'],
    ['status', 'BAD_USER_INPUT', spill, 'RequestRefused', 'BAD_USER_INPUT'],
    ['logs', 'VALIDATION_ERROR', spill, 'RequestRefused', 'VALIDATION_ERROR'],
    ['logs', 'GRAPHQL_VALIDATION_FAILED', spill, 'FeatureMissing', 'no such call'],
    ['health', 'GRAPHQL_VALIDATION_FAILED', spill, 'FeatureMissing', 'no such call'],
    ['list', 'FUNCTIONAL_ERROR', 'Managed connector auto-upgrade timed out', 'PlatformUnavailable', 'upgrading'],
    ['list', 'FUNCTIONAL_ERROR', 'Invalid manager contract snapshot', 'PlatformUnavailable', 'contract'],
    ['status', 'LOCK_ERROR', spill, 'PlatformUnavailable', 'too many calls'],
    ['list', 'DATABASE_ERROR', spill, 'PlatformUnavailable', 'DATABASE_ERROR'],
    ['list', 'UNKNOWN_ERROR', spill, 'PlatformUnavailable', 'UNKNOWN_ERROR'],
    ['list', 'CONFIGURATION_ERROR', spill, 'PlatformUnavailable', 'CONFIGURATION_ERROR'],
    ['list', 'CLIENT_ABORT_ERROR', spill, 'PlatformUnavailable', 'opencti.request_timeout'],
    ['list', 'SOMETHING_NEW', spill, 'PlatformUnavailable', 'SOMETHING_NEW'],
    ['list', `code with ${spill}`, spill, 'PlatformUnavailable', 'without a code'],
  ])('%s: %s (%s) is %s', async (name, code, message, type, says) => {
    const [client] = await start(graphqlError(code, message, calls[name][1]));
    const problem = await failure(calls[name][0](client));
    expect(problem.type).toBe(type);
    expect(problem.message).toContain(says);
    expectNothingLeaks(problem);
  });

  test.each([401, 403])('an unknown code with http_status %i is a matter of rights', async (status) => {
    const [client] = await start(graphqlError('SOMETHING_NEW', spill, 'about', status));
    expect(await failure(client.version(never))).toMatchObject({ type: 'NotPermitted' });
  });

  test('a refusal inside status 400 is read like one inside status 200', async () => {
    const reply = { errors: [{ message: spill, extensions: { code: 'AUTH_REQUIRED' } }] };
    const [client] = await start(json(reply, 400));
    expect(await failure(client.list(never))).toMatchObject({ type: 'NotPermitted' });
  });

  test.each<[number, string, string]>([
    [200, 'PlatformUnavailable', 'opencti.url'],
    [302, 'PlatformUnavailable', 'redirect'],
    [400, 'PlatformUnavailable', 'status 400'],
    [401, 'NotPermitted', 'reverse proxy'],
    [403, 'NotPermitted', 'reverse proxy'],
    [404, 'PlatformUnavailable', 'opencti.url'],
    [413, 'RequestRefused', 'larger'],
    [429, 'PlatformUnavailable', 'status 429'],
    [502, 'PlatformUnavailable', 'status 502'],
    [503, 'PlatformUnavailable', 'status 503'],
  ])('a page with status %i is %s', async (status, type, says) => {
    const [client, server] = await start(
      raw(`<html>${spill}</html>`, status, { 'content-type': `text/html; charset=utf-8`, location: `/${spill}` }),
    );
    const problem = await failure(client.list(never));
    expect(problem.type).toBe(type);
    expect(problem.message).toContain(says);
    expect(server.received).toHaveLength(1);
    expectNothingLeaks(problem);
  });

  test('an echo of the request shows nothing of it', async () => {
    for (const [call] of Object.values(calls)) {
      for (const status of [200, 400, 500]) {
        const [client] = await start(({ body, headers }, response) => {
          const message = `${body} ${JSON.stringify(headers)} ${spill}`;
          response.writeHead(status, { 'content-type': 'application/json', 'x-echo': encodeURI(message) });
          response.end(JSON.stringify({ errors: [{ message, extensions: { code: message } }], data: null }));
        });
        expectNothingLeaks(await failure(call(client)));
      }
    }
  });
});

function expectNothingLeaks(problem: Problem): void {
  const all = inspect(problem, { depth: 10, showHidden: true }) + JSON.stringify(problem) + problem.stack;
  for (const secret of [token, spill, 'mutation ', 'query Get', 'BEGIN RSA', 'variables', id])
    expect(all).not.toContain(secret);
  expect(problem.cause).toBeUndefined();
}

describe('a call the platform does not have', () => {
  test('is asked for once, told of once, and tried again after the version changed', async () => {
    const told: string[] = [];
    let version = '6.7.0';
    const [client, server] = await start(
      ({ body }, response) => {
        if (body.includes('GetVersion')) json({ data: { about: { version } } })(server.received[0]!, response);
        else if (body.includes('ReportConnectorLogs'))
          json({ data: { updateConnectorLogs: id } })(server.received[0]!, response);
        else if (version.startsWith('6.7'))
          graphqlError('GRAPHQL_VALIDATION_FAILED', spill, 'x')(server.received[0]!, response);
        else json({ data: { updateConnectorHealth: id } })(server.received[0]!, response);
      },
      { onFeatureMissing: (operation, { type }) => told.push(`${operation} ${type}`) },
    );
    await client.version(never);
    for (let i = 0; i < 3; i++)
      expect(await failure(client.pushHealth(id, health, never))).toMatchObject({
        kind: 'benign',
        type: 'FeatureMissing',
      });
    await client.pushLogs(id, ['x'], never);
    expect(server.received.filter((r) => r.body.includes('UpdateConnectorHealth'))).toHaveLength(1);
    expect(told).toEqual(['health FeatureMissing']);

    await client.version(never);
    expect(await failure(client.pushHealth(id, health, never))).toMatchObject({ type: 'FeatureMissing' });
    expect(server.received.filter((r) => r.body.includes('UpdateConnectorHealth'))).toHaveLength(1);

    version = '6.8.0';
    await client.version(never);
    await client.pushHealth(id, health, never);
    expect(told).toHaveLength(1);
  });
});

const record = (hash: string, value: string) => ({
  id,
  name: 'ipinfo',
  manager_contract_hash: hash,
  manager_contract_image: 'opencti/connector-ipinfo:6.9.0',
  manager_current_status: null,
  manager_requested_status: 'stopped',
  manager_contract_configuration: [
    { key: 'CONNECTOR_SCOPE', value: 'IPv4-Addr', encrypted: null },
    { key: 'OPENCTI_TOKEN', value, encrypted: null },
    { key: 'EMPTY_TOKEN', value: null, encrypted: null },
  ],
});

describe('secrets that come in clear', () => {
  test('leave the listing sealed, and are sealed again only for a new hash', async () => {
    let current = record('h1', 'clear-1');
    const [client] = await start((received, response) =>
      json({ data: { connectorsForManagers: [current] } })(received, response),
    );
    const first = await client.list(never);
    const [scope, sealed, empty] = first.records[0]!.configuration;
    expect(scope).toEqual({ key: 'CONNECTOR_SCOPE', value: 'IPv4-Addr', encrypted: false });
    expect(sealed).toMatchObject({ key: 'OPENCTI_TOKEN', encrypted: true });
    expect(open(sealed!.value, [vectorKey])).toEqual({ text: 'clear-1', keyIndex: 0 });
    expect(empty).toEqual({ key: 'EMPTY_TOKEN', value: '', encrypted: false });
    expect(JSON.stringify(first)).not.toContain('clear-1');

    expect(await client.list(never)).toEqual(first);

    current = record('h2', 'clear-2');
    const [, resealed] = (await client.list(never)).records[0]!.configuration;
    expect(open(resealed!.value, [vectorKey])).toEqual({ text: 'clear-2', keyIndex: 0 });
  });
});

test.each<[string, Partial<ClientOptions>, string]>([
  ['no URL', { url: 'opencti' }, 'opencti.url'],
  ['another scheme', { url: 'ftp://x' }, 'opencti.url'],
  ['a password in the URL', { url: 'http://u:s3cret@x' }, 'opencti.token'],
  ['a line end in the token', { token: 's3cret\nx' }, 'opencti.token'],
  ['an empty token', { token: '' }, 'opencti.token'],
  ['a proxy that is no URL', { withProxy: true, httpProxy: 's3cret://x y' }, 'opencti.http_proxy'],
  ['a CA that is no certificate', { proxyCa: ['s3cret'] }, 'opencti.https_proxy_ca: entry 1'],
])('is not built with %s', (_name, more, says) => {
  const build = () => opencti(optionsFor('http://127.0.0.1:1', more));
  expect(build).toThrow(expect.objectContaining({ kind: 'permanent', type: 'InvalidConfiguration' }));
  expect(build).toThrow(says);
  expect(build).not.toThrow('s3cret');
});

test('the client is chosen by the platform', async () => {
  const options = optionsFor('http://127.0.0.1:1');
  const client = platformClient('opencti', options);
  expect(client.platform).toBe('opencti');
  await client.close();
  const other = platformClient('openaev', options);
  expect([other.platform, other.logs, other.registration]).toEqual(['openaev', 'extended', 'overwrites']);
  await other.close();
});
