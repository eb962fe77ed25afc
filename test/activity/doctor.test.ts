import { generateKeyPairSync } from 'node:crypto';
import { type Server, createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Check } from '../../model/check.ts';
import { opencti } from '../../platforms/opencti.ts';
import { type Sandbox, startSandbox } from '../../sandbox/server.ts';
import { diagnose } from '../../worker/doctor/diagnose.ts';
import { older } from '../../worker/doctor/platform.ts';
import { registryCheck } from '../../worker/doctor/registry.ts';
import { vectorKey } from '../unit/decrypt-vectors.ts';
import { optionsFor } from './opencti-server.ts';

const secret = 'demo-s3cret-é';
const never = new AbortController().signal;
const cwd = mkdtempSync(join(tmpdir(), 'cadenza-doctor-'));
const keyFile = join(cwd, 'private_key.pem');
writeFileSync(keyFile, vectorKey.export({ type: 'pkcs8', format: 'pem' }));
const otherFile = join(cwd, 'other.pem');
writeFileSync(
  otherFile,
  generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey.export({ type: 'pkcs8', format: 'pem' }),
);

let sandbox: Sandbox;
let engine: Server;
/** What the stand-in engine says; a path without an answer gives 404. */
let answers: Record<string, unknown>;

beforeEach(async () => {
  sandbox = await startSandbox({ token: 'b5c1a3e0-sandbox' });
  answers = {
    '/info': { ID: 'ENGINE:1', SystemTime: new Date().toISOString() },
    '/version': { Version: '27.0.1', ApiVersion: '1.46' },
    '/networks/opencti_default': { Name: 'opencti_default' },
  };
  engine = createServer((request, response) => {
    const answer = answers[(request.url ?? '').replace(/^(\/api\/endpoints\/3\/docker)?(\/v[\d.]+)?/, '')];
    if (request.headers['x-api-key'] === 'ptr_wrong') return response.writeHead(401).end('{"message":"no"}');
    response.writeHead(answer === undefined ? 404 : 200, { 'content-type': 'application/json' });
    return response.end(JSON.stringify(answer ?? { message: 'not found' }));
  });
  await new Promise<void>((resolve) => engine.listen(0, '127.0.0.1', resolve));
});
afterEach(async () => {
  await sandbox.close();
  engine.closeAllConnections();
  await new Promise((resolve) => engine.close(resolve));
});

const port = (server: Server): number => (server.address() as AddressInfo).port;
const look = (more: Record<string, string> = {}): Promise<readonly Check[]> =>
  diagnose(
    {
      HOME: cwd,
      MANAGER__ID: 'demo-manager-01',
      MANAGER__CREDENTIALS_KEY_FILEPATH: keyFile,
      OPENCTI__URL: sandbox.url,
      OPENCTI__TOKEN: sandbox.token,
      OPENCTI__DAEMON__SELECTOR: 'docker',
      OPENCTI__CONNECTOR_URL: 'http://opencti:8080',
      OPENCTI__DAEMON__DOCKER__HOST: `tcp://127.0.0.1:${port(engine)}`,
      OPENCTI__DAEMON__DOCKER__NETWORK_MODE: 'opencti_default',
      TEMPORAL__ADDRESS: '127.0.0.1:1',
      ...more,
    },
    cwd,
  );
const named = (checks: readonly Check[], name: string): Check | undefined => checks.find((c) => c.name === name);
const register = async (): Promise<void> => {
  const client = opencti(optionsFor(sandbox.url, { token: sandbox.token, key: vectorKey }));
  await client.register(never);
  await client.close();
};

describe('a platform and a runtime', () => {
  test('all well: every check says so, and nothing was registered', async () => {
    const checks = await look();
    for (const name of [
      'configuration',
      'key',
      'opencti',
      'opencti right to list',
      'opencti right to report',
      'opencti runtime',
      'opencti network',
      'opencti registry',
    ])
      expect(named(checks, name), name).toMatchObject({ ok: true });
    expect(named(checks, 'opencti runtime')?.detail).toBe('Docker 27.0.1, API 1.46, engine ENGINE:1');
    expect(named(checks, 'opencti right to report')?.detail).toContain('not registered yet');
    expect(sandbox.control.managers()).toEqual([]);
    expect(named(checks, 'temporal')).toMatchObject({
      ok: false,
      fix: expect.stringContaining('TEMPORAL_ADDRESS') as string,
    });
    expect(named(checks, 'workers')?.ok).toBeNull();
  });

  test('a token nobody knows', async () => {
    const checks = await look({ OPENCTI__TOKEN: 'nobody-knows-this-one' });
    expect(named(checks, 'opencti')).toMatchObject({
      ok: false,
      fix: expect.stringContaining('opencti.token') as string,
    });
    expect(named(checks, 'opencti right to list')?.ok).toBeNull();
    expect(JSON.stringify(checks)).not.toContain('nobody-knows-this-one');
  });

  test.each([
    ['CONNECTORAPI', 'opencti right to list', 'opencti right to report', 'SETTINGS_SETACCESSES'],
    ['SETTINGS_SETACCESSES', 'opencti right to report', 'opencti right to list', 'CONNECTORAPI'],
  ])('a token with %s only: %s fails, %s does not', async (capability, fails, works, missing) => {
    const token = sandbox.control.addToken({ name: 'limited', capabilities: [capability] });
    const checks = await look({ OPENCTI__TOKEN: token });
    expect(named(checks, fails)).toMatchObject({ ok: false, fix: expect.stringContaining(missing) as string });
    expect(named(checks, works)).toMatchObject({ ok: true });
  });

  test('the key opens the values, or the ones it does not open are named', async () => {
    await register();
    sandbox.control.add({ slug: 'ipinfo', name: 'ipinfo', configuration: { IPINFO_TOKEN: secret } });
    const [mine, other] = await Promise.all([look(), look({ MANAGER__CREDENTIALS_KEY_FILEPATH: otherFile })]);
    expect(named(mine, 'opencti encrypted values')).toMatchObject({ ok: true });
    expect(named(other, 'opencti encrypted values')).toMatchObject({
      ok: false,
      detail: expect.stringContaining('IPINFO_TOKEN of "ipinfo" (wrong_key_or_corrupt)') as string,
    });
    const previous = await look({
      MANAGER__CREDENTIALS_KEY_FILEPATH: otherFile,
      MANAGER__CREDENTIALS_KEY_PREVIOUS_FILEPATHS: keyFile,
    });
    expect(named(previous, 'opencti encrypted values')).toMatchObject({
      ok: true,
      detail: expect.stringContaining('previous key') as string,
    });
    expect(JSON.stringify([mine, other, previous])).not.toContain(secret);
  });

  test('an engine that is not there, is too old, or lacks the network', async () => {
    expect(
      named(await look({ OPENCTI__DAEMON__DOCKER__HOST: 'unix:///nowhere.sock' }), 'opencti runtime'),
    ).toMatchObject({
      ok: false,
      fix: expect.stringContaining('DOCKER_HOST') as string,
    });
    answers['/version'] = { Version: '19.3', ApiVersion: '1.40' };
    const checks = await look({ OPENCTI__DAEMON__DOCKER__NETWORK_MODE: 'opencti_defualt' });
    expect(named(checks, 'opencti runtime')).toMatchObject({ ok: false });
    expect(named(checks, 'opencti network')).toMatchObject({
      ok: false,
      fix: expect.stringContaining('docker network create opencti_defualt') as string,
    });
  });

  test('Portainer: key, environment, and the engine behind it', async () => {
    const through = (more: Record<string, string> = {}) =>
      look({
        OPENCTI__DAEMON__SELECTOR: 'portainer',
        OPENCTI__DAEMON__PORTAINER__API: `http://127.0.0.1:${port(engine)}`,
        OPENCTI__DAEMON__PORTAINER__API_KEY: 'ptr_right',
        ...more,
      });
    const well = await through();
    expect(named(well, 'opencti runtime')).toMatchObject({
      ok: true,
      detail: 'Portainer, environment 3: Docker 27.0.1, API 1.46, engine ENGINE:1',
    });
    expect(named(well, 'opencti network')).toMatchObject({ ok: true, detail: 'opencti_default' });
    for (const [more, key] of [
      [{ OPENCTI__DAEMON__PORTAINER__API_KEY: 'ptr_wrong' }, 'daemon.portainer.api_key'],
      [{ OPENCTI__DAEMON__PORTAINER__ENV_ID: '4' }, 'daemon.portainer.env_id'],
      [{ OPENCTI__DAEMON__PORTAINER__API: 'http://127.0.0.1:1' }, 'daemon.portainer.api'],
    ] as const) {
      const checks = await through(more);
      expect(named(checks, 'opencti runtime')).toMatchObject({
        ok: false,
        detail: expect.stringContaining(key) as string,
      });
      expect(JSON.stringify(checks)).not.toContain('ptr_');
    }
  });

  test('an address that means something else inside a container, and a clock that is off', async () => {
    answers['/info'] = { ID: 'ENGINE:1', SystemTime: new Date(Date.now() - 60_000).toISOString() };
    const checks = await look({ OPENCTI__CONNECTOR_URL: 'http://localhost:8080' });
    expect(named(checks, 'opencti network')).toMatchObject({
      ok: true,
      fix: expect.stringContaining('connector_url') as string,
    });
    expect(named(checks, 'opencti clock')).toMatchObject({
      ok: true,
      detail: expect.stringMatching(/\b(59|60|61) s apart/) as string,
    });
    expect(
      named(
        await look({ OPENCTI__CONNECTOR_URL: 'http://localhost:8080', OPENCTI__DAEMON__DOCKER__NETWORK_MODE: 'host' }),
        'opencti network',
      )?.fix,
    ).toBeUndefined();
  });
});

test('a configuration with faults: each is a check with its remedy, the rest is not looked at', async () => {
  const checks = await look({
    MANAGER__EXECUTE_SCHEDULE: 'often',
    MANAGER__CREDENTIALS_KEY_FILEPATH: '/nowhere.pem',
    OPENCTI__TOKEN: 'ChangeMe',
  });
  const faults = checks.filter((c) => c.name === 'configuration' && c.ok === false);
  expect(faults.map((f) => f.detail).join('\n')).toMatch(
    /manager\.execute_schedule[^]*manager\.credentials_key_filepath[^]*opencti\.token/,
  );
  expect(faults.every((f) => (f.fix ?? '') !== '')).toBe(true);
  expect(checks.some((c) => c.ok === null)).toBe(true);
});

describe('registry settings', () => {
  const of = (server?: string, username?: string, password?: string): Check =>
    registryCheck({ platform: 'opencti', server, username, password });
  test.each<[string, Check, boolean, RegExp]>([
    ['none', of(), true, /none configured/],
    ['a server', of('registry.example.com:5000/team'), true, /without credentials/],
    ['with credentials', of('registry.example.com', 'u', 'p4ss'), true, /user u$/],
    ['a URL', of('https://u:p4ss@registry.example.com'), false, /is no registry/],
    ['half of the credentials', of('registry.example.com', 'u'), false, /no password/],
    ['nowhere to use them', of(undefined, 'u', 'p4ss'), false, /without a server/],
    ['a line end', of('registry.example.com', 'u', 'p4ss\n'), true, /user u/],
  ])('%s', (_name, check, ok, detail) => {
    expect(check).toMatchObject({ ok, detail: expect.stringMatching(detail) as string });
    expect(JSON.stringify(check)).not.toContain('p4ss');
  });
});

test.each<[string, string, boolean]>([
  ['6.7.20', '6.8.0', true],
  ['6.8.0', '6.8.0', false],
  ['6.10.1', '6.8.0', false],
  ['7.260817.0', '6.8.0', false],
  ['6.8.0-rc1', '6.8.0', false],
  ['dev', '6.8.0', false],
])('version %s is older than %s: %s', (version, than, answer) => expect(older(version, than)).toBe(answer));
