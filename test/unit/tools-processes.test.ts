import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { alive, start, startTime, stop, until } from '../../tools/processes.ts';

let dir: string;
beforeAll(() => {
  dir = mkdtempSync(join(tmpdir(), 'cadenza-processes-'));
});
afterAll(() => rmSync(dir, { recursive: true, force: true }));

const run = (name: string, script: string, env: NodeJS.ProcessEnv = {}) =>
  start('/bin/sh', ['-c', script], { PATH: process.env['PATH'], ...env }, join(dir, `${name}.log`));
const log = (name: string) => readFileSync(join(dir, `${name}.log`), 'utf8');

test('a process has a start time of its own until it is gone', async () => {
  const { pid } = run('time', 'exec sleep 60');
  expect(alive(pid)).toBe(true);
  expect(startTime(pid)).toMatch(/^\d+$/);
  expect(startTime(pid)).not.toBe(startTime(process.pid));
  await stop(pid, 5_000);
  expect(alive(pid)).toBe(false);
  expect(startTime(pid)).toBeUndefined();
});

test('it gets the environment it is given and no other', async () => {
  process.env['OPENCTI__TOKEN'] = 'not for children';
  const { pid } = run('environment', 'env; exec sleep 60', { MINE: 'yes' });
  await until('the listing', 5_000, () => log('environment').includes('MINE=yes'));
  await stop(pid, 5_000);
  delete process.env['OPENCTI__TOKEN'];
  expect(log('environment')).not.toContain('OPENCTI__TOKEN');
});

test('one that does not listen is killed after its grace', async () => {
  const { pid } = run('deaf', "trap '' TERM; echo up; while :; do sleep 0.1; done");
  await until('the trap', 5_000, () => log('deaf').includes('up'));
  const begun = Date.now();
  await stop(pid, 300);
  expect(Date.now() - begun).toBeGreaterThanOrEqual(300);
  expect(alive(pid)).toBe(false);
});

test('the log of the run before is kept', async () => {
  const first = run('twice', 'echo first');
  await until('the first', 5_000, () => !alive(first.pid));
  const second = run('twice', 'echo second');
  await until('the second', 5_000, () => !alive(second.pid));
  expect(log('twice')).toBe('second\n');
  expect(readFileSync(join(dir, 'twice.log.1'), 'utf8')).toBe('first\n');
});

test('waiting ends with the process that is waited for', async () => {
  const { pid } = run('short', 'exit 3');
  await expect(until('the service', 10_000, () => false, pid)).rejects.toThrow('the service ended while starting');
  await expect(until('the service', 200, () => false)).rejects.toThrow('not ready within 0.2 s');
});
