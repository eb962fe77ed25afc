import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { parseArgs } from '../../worker/up/args.ts';
import { noteChildren, stopLeftOvers } from '../../worker/up/children.ts';
import { engineEnvironment, plainEnvironment } from '../../worker/up/environment.ts';
import { type Process, backOff, keep } from '../../worker/up/keep.ts';
import { identity, lockHome, runs } from '../../worker/up/lock.ts';
import { sandboxSecrets, writeSandboxConfig } from '../../worker/up/sandbox.ts';
import { screen } from '../../worker/up/screen.ts';

let home: string;
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'cadenza-up-'));
});
afterEach(() => rmSync(home, { recursive: true, force: true }));

const sleeper = (): number => {
  const child = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)'], { detached: true, stdio: 'ignore' });
  child.unref();
  if (child.pid === undefined) throw new Error('no child');
  return child.pid;
};

test.each<[string, readonly string[], unknown]>([
  ['nothing', [], { sandbox: true }],
  ['a file', ['--config', 'a.yaml'], { sandbox: true, config: 'a.yaml' }],
  ['a file after =', ['--config=a.yaml', '--no-sandbox'], { sandbox: false, config: 'a.yaml' }],
  ['no file', ['--config'], expect.stringContaining('needs a file')],
  ['another option for a file', ['--config', '--no-sandbox'], expect.stringContaining('needs a file')],
  ['a typing mistake', ['--nosandbox'], expect.stringContaining('unknown argument --nosandbox')],
])('arguments: %s', (_name, args, wanted) => expect(parseArgs(args)).toEqual(wanted));

describe('lock', () => {
  test('a second start hears who holds the folder, and may have it afterwards', () => {
    const first = lockHome(home);
    expect(lockHome(home)).toEqual({ holder: identity(process.pid) });
    if ('release' in first) first.release();
    expect(lockHome(home)).toHaveProperty('release');
  });

  test('the lock of a process that is gone is taken over, also when its pid is in use again', () => {
    writeFileSync(join(home, 'up.lock'), JSON.stringify({ pid: process.pid, start: '1' }));
    expect(lockHome(home)).toHaveProperty('release');
    writeFileSync(join(home, 'up.lock'), '');
    expect(lockHome(home)).toHaveProperty('release');
  });
});

describe('left-over children', () => {
  test('are ended by the next start', async () => {
    const pid = sleeper();
    noteChildren(home).note('sandbox', pid);
    expect(await stopLeftOvers(home)).toEqual(['sandbox']);
    expect(runs(identity(pid))).toBe(false);
    expect(existsSync(join(home, 'children.json'))).toBe(false);
  });

  test('a stranger with the same pid is left alone', async () => {
    writeFileSync(join(home, 'children.json'), JSON.stringify({ worker: { pid: process.pid, start: '1' } }));
    expect(await stopLeftOvers(home)).toEqual([]);
  });

  test('can be killed at once', async () => {
    const children = noteChildren(home);
    const pid = sleeper();
    children.note('worker', pid);
    children.kill();
    await expect.poll(() => children.pid('worker')).toBeUndefined();
  });
});

describe('restart', () => {
  test('waits 1, 2, 4 ... 30 s', () =>
    expect([1, 2, 3, 4, 5, 6, 60].map(backOff)).toEqual([1e3, 2e3, 4e3, 8e3, 16e3, 3e4, 3e4]));

  const ending = (code: number): Process => ({ pid: 0, ended: Promise.resolve(code), stop: () => Promise.resolve() });

  test('a child that ended is started again until it is to stop', async () => {
    let launched = 0;
    const stop = new Promise<void>((again) => {
      void keep({
        launch: () => {
          launched += 1;
          const up: Process = { pid: 0, ended: new Promise(() => undefined), stop: () => Promise.resolve() };
          if (launched === 2) again();
          return Promise.resolve(launched === 1 ? ending(1) : up);
        },
        onEnd: (code, delay) => expect([code, delay]).toEqual([1, 1_000]),
      });
    });
    await stop;
    expect(launched).toBe(2);
  });

  test('an end that starting again does not mend is final', async () => {
    const child = await keep({
      launch: () => Promise.resolve(ending(2)),
      onEnd: () => expect.unreachable(),
      final: (code) => code === 2,
    });
    expect(await child.givenUp).toBe(2);
    await child.stop();
  });

  test('the first start must succeed', () =>
    expect(keep({ launch: () => Promise.reject(new Error('no engine')), onEnd: () => undefined })).rejects.toThrow(
      'no engine',
    ));
});

test('nobody but the worker sees its configuration', () => {
  const env = {
    PATH: '/bin',
    OPENCTI__TOKEN: 't',
    OPENAEV__TOKEN: 't',
    MANAGER__CREDENTIALS_KEY: 'k',
    TEMPORAL_API_KEY: 'k',
    HTTPS_PROXY: 'http://p',
  };
  expect(plainEnvironment(env)).toEqual({ PATH: '/bin' });
  expect(engineEnvironment(env)).toEqual({ PATH: '/bin', HTTPS_PROXY: 'http://p' });
});

test('what the sandbox needs is made once and kept for its owner', async () => {
  const secrets = await sandboxSecrets(home);
  expect(await sandboxSecrets(home)).toEqual(secrets);
  expect(readFileSync(secrets.keyFile, 'utf8')).toContain('BEGIN PRIVATE KEY');
  const file = writeSandboxConfig(home, secrets, {
    url: 'http://127.0.0.1:4000',
    dockerHost: 'unix:///e.sock',
    temporal: { address: '127.0.0.1:7233', namespace: 'default' },
  });
  for (const path of [file, secrets.keyFile, join(home, 'sandbox', 'token')])
    expect(statSync(path).mode & 0o777).toBe(0o600);
  expect(parse(readFileSync(file, 'utf8'))).toMatchObject({
    manager: { id: secrets.managerId },
    opencti: {
      token: secrets.token,
      daemon: { docker: { host: 'unix:///e.sock', pull_policy: 'missing', network_mode: 'host' } },
    },
  });
}, 60_000);

test('the screen has its line, and says what is not up', () => {
  const text = screen(
    {
      pid: 1,
      temporal: { address: '127.0.0.1:7233', namespace: 'default', ui: 'http://127.0.0.1:8233' },
      docker: null,
      sandbox: null,
      health: 'http://127.0.0.1:8080/health/ready',
      metrics: 'http://127.0.0.1:8080/metrics',
      startedAt: '2026-01-01T00:00:00.000Z',
    },
    { privateEngine: false, ownTemporal: true, seconds: 4, home: '/h', otherHome: true, missing: ['ipinfo'] },
  );
  expect(text).toMatch(/^Cadenza is ready/m);
  expect(text).toContain('Not up yet: ipinfo');
  expect(text).toContain('CADENZA_HOME=/h npx cadenza list');
});
