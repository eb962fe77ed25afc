import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { configuredTarget } from '../../client/configured.ts';
import { instanceEnv } from '../../client/environment.ts';
import { alive, homeOf, instanceIn, workerToken, workerUrl } from '../../client/home.ts';
import { recall, remember } from '../../client/shown.ts';
import { temporalTarget } from '../../client/temporal.ts';

const folder = (): string => mkdtempSync(join(tmpdir(), 'cadenza-home-'));
const running = {
  pid: process.pid,
  temporal: { address: '127.0.0.1:7001', namespace: 'default', ui: 'http://127.0.0.1:8001' },
  docker: { host: 'unix:///d.sock' },
  sandbox: { url: 'http://127.0.0.1:4001' },
  health: 'http://127.0.0.1:8081/health/ready',
  metrics: 'http://127.0.0.1:8081/metrics',
  startedAt: '2030-01-01T00:00:00.000Z',
};
const home = (content: unknown = running): string => {
  const at = folder();
  writeFileSync(join(at, 'run.json'), typeof content === 'string' ? content : JSON.stringify(content));
  return at;
};
/** No profile of the person who runs the tests. */
const none = { HOME: '/nonexistent', XDG_CONFIG_HOME: '/nonexistent' };

describe('the state folder', () => {
  test.each<[string, Record<string, string>, string | undefined, string]>([
    ['the option', { CADENZA_HOME: '/env' }, '/option', '/option'],
    ['the environment', { CADENZA_HOME: '/env' }, undefined, '/env'],
    ['an empty variable is none', { CADENZA_HOME: '' }, undefined, '/cwd/.cadenza'],
    ['relative to where the command was typed', {}, 'here', '/cwd/here'],
  ])('%s', (_name, env, option, wanted) =>
    expect(homeOf({ env, cwd: '/cwd' }, option === undefined ? {} : { home: option })).toBe(wanted),
  );

  test('run.json is read; none, half of one and another program’s are no instance', () => {
    expect(instanceIn(home())).toMatchObject({ temporal: running.temporal, sandbox: running.sandbox });
    expect(instanceIn(folder())).toBeUndefined();
    expect(instanceIn(home('{"pid": 1, "tempo'))).toBeUndefined();
    expect(instanceIn(home('null'))).toBeUndefined();
    expect(instanceIn(home({ temporal: 'x' }))).toBeUndefined();
  });

  test('a process that has ended is not alive', () => {
    const instance = instanceIn(home());
    expect(instance !== undefined && alive(instance)).toBe(true);
    expect(instance !== undefined && alive({ ...instance, pid: 2 ** 22 + 1 })).toBe(false);
  });
});

describe('the Temporal server', () => {
  const at = home();
  test.each<[string, Record<string, string>, string, string, string]>([
    ['of the instance', {}, '127.0.0.1:7001', 'default', 'run.json'],
    ['of the environment, which wins', { TEMPORAL_ADDRESS: 'other:1' }, 'other:1', 'default', 'environment'],
    ['with another namespace', { TEMPORAL_NAMESPACE: 'team' }, '127.0.0.1:7001', 'team', 'run.json'],
    ['the same address keeps the UI', { TEMPORAL_ADDRESS: '127.0.0.1:7001' }, '127.0.0.1:7001', 'default', 'run.json'],
  ])('%s', (_name, env, address, namespace, from) =>
    expect(temporalTarget({ ...none, ...env }, instanceIn(at))).toMatchObject({ address, namespace, from }),
  );

  test('a profile with its credentials', () => {
    const file = join(folder(), 'temporal.toml');
    writeFileSync(file, '[profile.default]\naddress = "cloud:1"\napi_key = "k"\n');
    const profile = { ...none, TEMPORAL_CONFIG_FILE: file };
    expect(temporalTarget(profile, undefined)).toMatchObject({ address: 'cloud:1', options: { apiKey: 'k' } });
    expect(temporalTarget(profile, instanceIn(at))?.address).toBe('cloud:1');
  });

  test('the credentials of the default profile do not go to the instance', () => {
    const config = folder();
    mkdirSync(join(config, 'temporalio'));
    writeFileSync(
      join(config, 'temporalio', 'temporal.toml'),
      '[profile.default]\naddress = "cloud:1"\napi_key = "k"\n',
    );
    const person = { HOME: config, XDG_CONFIG_HOME: config };
    expect(temporalTarget(person, undefined)).toMatchObject({ address: 'cloud:1', from: 'profile' });
    const target = temporalTarget(person, instanceIn(at));
    expect(target).toMatchObject({ address: '127.0.0.1:7001', from: 'run.json' });
    expect(target?.options).not.toHaveProperty('apiKey');
  });

  test('of the configuration of a worker', async () => {
    const cwd = folder();
    mkdirSync(join(cwd, 'config'));
    writeFileSync(join(cwd, 'config', 'default.yaml'), 'temporal:\n  namespace: team\n');
    expect(temporalTarget(none, undefined)).toBeUndefined();
    expect(await configuredTarget({ env: {}, cwd })).toBeUndefined();
    const env = { TEMPORAL__ADDRESS: 'server:7233', TEMPORAL__TLS__ENABLE: 'true', TEMPORAL__TLS__SERVER_NAME: 'name' };
    expect(await configuredTarget({ env, cwd })).toMatchObject({
      address: 'server:7233',
      namespace: 'team',
      from: 'configuration',
      options: { tls: { serverNameOverride: 'name' } },
    });
  });

  test('a profile that cannot be read is a wrong configuration', () => {
    const file = join(folder(), 'temporal.toml');
    writeFileSync(file, 'not = [toml');
    expect(() => temporalTarget({ ...none, TEMPORAL_CONFIG_FILE: file }, undefined)).toThrow(
      expect.objectContaining({ code: 2 }),
    );
  });
});

describe('the environment of the instance', () => {
  const withSandbox = (): string => {
    const at = home();
    mkdirSync(join(at, 'sandbox'));
    writeFileSync(join(at, 'sandbox', 'config.yaml'), '');
    return at;
  };
  const of = (env: Record<string, string | undefined>, at: string, cwd = folder()): Promise<Record<string, string>> =>
    instanceEnv({ env, cwd }, at, instanceIn(at));

  test('is filled in from run.json, and the sandbox brings its own configuration', async () => {
    const at = withSandbox();
    expect(await of({ MANAGER__ID: 'm' }, at)).toEqual({
      MANAGER__ID: 'm',
      CADENZA_HOME: at,
      TEMPORAL_ADDRESS: '127.0.0.1:7001',
      TEMPORAL_NAMESPACE: 'default',
      DOCKER_HOST: 'unix:///d.sock',
      CADENZA_CONFIG: join(at, 'sandbox', 'config.yaml'),
    });
  });

  test.each<[string, Record<string, string>]>([
    ['a platform in the environment', { OPENCTI__URL: 'http://real' }],
    ['a configuration file', { CADENZA_CONFIG: 'mine.yaml' }],
  ])('%s stands over the sandbox', async (_name, env) => {
    expect((await of(env, withSandbox()))['CADENZA_CONFIG']).toBe(env['CADENZA_CONFIG']);
  });

  test('a platform in the files of the working folder stands over the sandbox', async () => {
    const cwd = folder();
    mkdirSync(join(cwd, 'config'));
    writeFileSync(join(cwd, 'config', 'production.yaml'), 'opencti:\n  url: http://real:8080\n  token: t\n');
    expect((await of({}, withSandbox(), cwd))['CADENZA_CONFIG']).toBeUndefined();
  });

  test('without an instance only the state folder is added', async () =>
    expect(await instanceEnv({ env: { A: '1', B: undefined }, cwd: '/' }, '/h', undefined)).toEqual({
      A: '1',
      CADENZA_HOME: '/h',
    }));

  test('where the worker listens', () => {
    const at = home();
    expect(workerUrl({}, instanceIn(at)).href).toBe('http://127.0.0.1:8081/');
    expect(workerUrl({ CADENZA_WORKER_URL: 'http://w:1/x' }, instanceIn(at)).href).toBe('http://w:1/');
    expect(workerUrl({ MANAGER__HTTP__PORT: '9999' }, undefined).href).toBe('http://127.0.0.1:9999/');
    expect(workerToken(at)).toBeUndefined();
    writeFileSync(join(at, 'worker.token'), 'abc\n');
    expect(workerToken(at)).toBe('abc');
  });
});

test('what was shown is forgotten after 15 minutes', () => {
  const at = join(folder(), 'deep');
  const shownAt = '2030-01-01T00:00:00.000Z';
  remember(at, { opencti: { at: shownAt, ids: ['a', 'b'] } });
  const start = Date.parse(shownAt);
  expect(recall(at, 'opencti', start + 14 * 60_000)?.ids).toEqual(['a', 'b']);
  expect(recall(at, 'opencti', start + 16 * 60_000)).toBeUndefined();
  expect(recall(at, 'openaev', start)).toBeUndefined();
  expect(recall(folder(), 'opencti', start)).toBeUndefined();
});
