import { mkdtempSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { cadenza, cadenzaProcess } from '../support/cli.ts';

const env = { HOME: '/nonexistent', CADENZA_HOME: mkdtempSync(join(tmpdir(), 'cadenza-cli-')) };

describe('exit codes', () => {
  test.each<[string, readonly string[], number]>([
    ['help', ['--help'], 0],
    ['help of a command', ['list', '--help'], 0],
    ['version', ['--version'], 0],
    ['no command', [], 2],
    ['an unknown command', ['lst'], 2],
    ['an unknown option', ['list', '--nope'], 2],
    ['a missing argument', ['show'], 2],
    ['an argument too many', ['show', 'a', 'b'], 2],
    ['an unknown platform', ['list', '--platform', 'misp'], 2],
    ['an unknown phase', ['list', '--phase', 'happy'], 2],
    ['two options that exclude each other', ['list', '--json', '--watch'], 2],
    ['no number', ['logs', 'x', '--tail', 'all'], 2],
    ['a number out of range', ['logs', 'x', '--tail', '0'], 2],
    ['a confirmation of nothing', ['orphans', 'confirm', 'opencti'], 2],
    ['no instance', ['list'], 3],
  ])('%s: %j gives %i', async (_name, args, code) => {
    const ended = await cadenza(args, env);
    expect(ended.code).toBe(code);
    expect(ended.out + ended.err).not.toBe('');
  });

  test('a server that does not answer gives 3 and names the variable', async () => {
    const ended = await cadenza(['list'], { ...env, TEMPORAL_ADDRESS: `127.0.0.1:${await freePort()}` });
    expect(ended).toMatchObject({ code: 3, out: '', err: expect.stringContaining('TEMPORAL_ADDRESS') });
  });
});

describe('--json', () => {
  test.each<[string, readonly string[], string, number]>([
    ['wrong usage', ['list', '--json', '--nope'], 'InvalidUsage', 2],
    ['no command', ['--json'], 'InvalidUsage', 2],
    ['no instance', ['show', 'x', '--json'], 'NotReachable', 3],
    ['nothing shown', ['orphans', 'confirm', 'opencti', '--json'], 'NothingShown', 2],
  ])('%s is one document too', async (_name, args, kind, code) => {
    const ended = await cadenza(args, env);
    expect(ended.code).toBe(code);
    expect(JSON.parse(ended.out)).toEqual({ error: { kind, message: expect.any(String) as string } });
    expect(ended.err).toBe('');
  });

  test('after -- it is no option', async () => {
    const ended = await cadenza(['show', '--', '--json'], env);
    expect(ended).toMatchObject({ code: 3, out: '' });
  });
});

test('every command has a text of its own', async () => {
  const { out } = await cadenza(['--help'], env);
  for (const name of 'list show logs orphans reconcile plan start stop restart redeploy pause resume doctor config move'.split(
    ' ',
  )) {
    expect(out).toContain(`  ${name}`);
    const help = await cadenza([name, '--help'], env);
    expect(help.code).toBe(0);
    expect(help.out.length).toBeGreaterThan(150);
  }
});

describe('config print', () => {
  const settings = { ...env, OPENCTI__URL: 'http://opencti:8080', OPENCTI__TOKEN: 's3cret-token', MANAGER__ID: 'm-1' };

  test('gives values and origins, and no secret', async () => {
    const cwd = mkdtempSync(join(tmpdir(), 'cadenza-cwd-'));
    const text = await cadenza(['config', 'print'], settings, cwd);
    expect(text).toMatchObject({ code: 0, err: '' });
    expect(text.out).toMatch(/manager\.id +m-1 +environment MANAGER__ID/);
    const json = await cadenza(['config', 'print', '--json'], settings, cwd);
    const rows = JSON.parse(json.out) as { path: string; value: unknown; origin: string }[];
    expect(rows.find((r) => r.path === 'opencti.url')).toMatchObject({
      value: 'http://opencti:8080',
      origin: 'environment OPENCTI__URL',
    });
    expect(text.out + json.out).not.toContain('s3cret-token');
  });

  test('faults give 2, and are told beside what is in force', async () => {
    const ended = await cadenza(['config', 'print', '--json'], { ...settings, MANAGER__EXECUTE_SCHEDULE: 'often' });
    expect(ended).toMatchObject({ code: 2, err: expect.stringContaining('MANAGER__EXECUTE_SCHEDULE') as string });
    expect(JSON.parse(ended.out)).toBeInstanceOf(Array);
  });
});

describe('as a process', () => {
  test('errors go to standard error, the code to the shell', async () => {
    expect(await cadenzaProcess(['list'], env)).toMatchObject({
      code: 3,
      out: '',
      err: expect.stringContaining('npm start'),
    });
    expect(await cadenzaProcess(['list', '--bogus'], env)).toMatchObject({ code: 2, out: '' });
  });

  test('plan and doctor run as programs of the worker, and their codes and documents are ours', async () => {
    const alone = {
      ...env,
      CADENZA_WORKER_URL: 'http://127.0.0.1:1',
      TEMPORAL_ADDRESS: '127.0.0.1:1',
      OPENCTI__TOKEN: 'ChangeMe',
    };
    const [plan, doctor] = await Promise.all([
      cadenzaProcess(['plan', '--json'], alone),
      cadenzaProcess(['doctor', '--json'], alone),
    ]);
    expect(plan.code).toBe(2);
    expect(JSON.parse(plan.out)).toMatchObject({
      error: { kind: 'InvalidConfiguration', message: expect.stringContaining('opencti.token') as string },
    });
    expect(doctor.code).toBe(1);
    expect(JSON.parse(doctor.out)).toContainEqual(expect.objectContaining({ name: 'temporal', ok: false }));
  });

  test('--home is understood before and after the command', async () => {
    const [before, after] = await Promise.all([
      cadenzaProcess(['--home', '/nowhere/a', 'list'], env),
      cadenzaProcess(['list', '--home', '/nowhere/a'], env),
    ]);
    expect(before.err).toContain('/nowhere/a');
    expect(after.err).toBe(before.err);
  });
});

/** A port nobody listens on any more. */
const freePort = (): Promise<number> =>
  new Promise((resolve) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const { port } = server.address() as AddressInfo;
      server.close(() => resolve(port));
    });
  });
