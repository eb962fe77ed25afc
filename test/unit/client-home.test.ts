import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { alive, homeOf, instanceEnv, instanceIn, workerToken, workerUrl } from '../../client/home.ts';
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
    expect(temporalTarget({ ...none, ...env }, at, instanceIn(at))).toMatchObject({ address, namespace, from }),
  );

  test('credentials of a profile go to the server it names, and to no other', () => {
    const file = join(folder(), 'temporal.toml');
    writeFileSync(file, '[profile.default]\naddress = "cloud:1"\napi_key = "k"\n');
    const profile = { ...none, TEMPORAL_CONFIG_FILE: file };
    expect(temporalTarget(profile, at, undefined)).toMatchObject({ address: 'cloud:1', options: { apiKey: 'k' } });
    expect(temporalTarget({ ...profile, TEMPORAL_ADDRESS: '127.0.0.1:7001' }, at, instanceIn(at)).from).toBe(
      'run.json',
    );
  });

  test('none at all: one sentence that says what to do', () => {
    expect(() => temporalTarget(none, '/nowhere', undefined)).toThrow(
      expect.objectContaining({ code: 3, message: expect.stringMatching(/npm start.*TEMPORAL_ADDRESS/) }),
    );
  });

  test('a profile that cannot be read is a wrong configuration', () => {
    const file = join(folder(), 'temporal.toml');
    writeFileSync(file, 'not = [toml');
    expect(() => temporalTarget({ ...none, TEMPORAL_CONFIG_FILE: file }, '/nowhere', undefined)).toThrow(
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

  test('is filled in from run.json, and the sandbox brings its own configuration', () => {
    const at = withSandbox();
    expect(instanceEnv({ env: {} }, at, instanceIn(at))).toEqual({
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
  ])('%s stands over the sandbox', (_name, env) => {
    const at = withSandbox();
    expect(instanceEnv({ env }, at, instanceIn(at))['CADENZA_CONFIG']).toBe(env['CADENZA_CONFIG']);
  });

  test('without an instance only the state folder is added', () =>
    expect(instanceEnv({ env: { A: '1', B: undefined } }, '/h', undefined)).toEqual({ A: '1', CADENZA_HOME: '/h' }));

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
