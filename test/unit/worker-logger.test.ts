import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { retryable } from '../../model/errors.ts';
import { logger, safeError } from '../../worker/logger.ts';

let directory: string;

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'cadenza-logger-'));
});
afterEach(() => {
  vi.useRealTimers();
  rmSync(directory, { recursive: true, force: true });
});

const made = (level: 'debug' | 'info' | 'warn' = 'info') =>
  logger({ level, format: 'json', console: false, directory }).log;
const at = (time: string): void => void vi.useFakeTimers({ toFake: ['Date'], now: new Date(time) });
const linesOf = (day: string): readonly Record<string, unknown>[] =>
  readFileSync(join(directory, `cadenza-${day}.log`), 'utf8')
    .split('\n')
    .filter((l) => l !== '')
    .map((l) => JSON.parse(l) as Record<string, unknown>);
const eventually = (so: () => void): Promise<void> => vi.waitFor(so, { timeout: 5_000, interval: 10 });

describe('the log files', () => {
  test('one JSON line each, with time and what belongs to it, from the level on', async () => {
    at('2030-01-10T12:00:00.000Z');
    const log = made('warn');
    log.info('not this');
    log.warn('but this', { connector: 'c1' });
    await eventually(() => expect(linesOf('2030-01-10')).toHaveLength(1));
    expect(linesOf('2030-01-10')).toEqual([
      { level: 40, time: '2030-01-10T12:00:00.000Z', connector: 'c1', msg: 'but this' },
    ]);
  });

  test('a new file each day; the newest five are kept, other files are left alone', async () => {
    for (const day of ['04', '05', '06', '07', '08', '09'])
      writeFileSync(join(directory, `cadenza-2030-01-${day}.log`), '');
    writeFileSync(join(directory, 'notes.log'), '');
    at('2030-01-10T23:59:59.000Z');
    const log = made();
    log.info('old day');
    await eventually(() => expect(linesOf('2030-01-10')).toHaveLength(1));
    vi.setSystemTime(new Date('2030-01-11T00:00:01.000Z'));
    log.info('new day');
    await eventually(() => expect(linesOf('2030-01-11')).toMatchObject([{ msg: 'new day' }]));
    const days = ['07', '08', '09', '10', '11'].map((day) => `cadenza-2030-01-${day}.log`);
    expect(readdirSync(directory).toSorted()).toEqual([...days, 'notes.log']);
    expect(linesOf('2030-01-10')).toMatchObject([{ msg: 'old day' }]);
  });

  test('a file that cannot be written ends nothing: it is said once, and tried again after a minute', async () => {
    at('2030-01-10T12:00:00.000Z');
    const file = join(directory, 'cadenza-2030-01-10.log');
    mkdirSync(file);
    const shown: string[] = [];
    const stdout = vi.spyOn(process.stdout, 'write').mockImplementation((text) => shown.push(String(text)) > 0);
    try {
      const { log } = logger({ level: 'info', format: 'json', console: true, directory });
      log.info('shown only');
      await eventually(() => expect(shown.join('')).toContain('logs are not written to files'));
      log.info('shown only');
      rmSync(file, { recursive: true });
      vi.setSystemTime(Date.now() + 60_000);
      log.info('written');
    } finally {
      stdout.mockRestore();
    }
    await eventually(() => expect(linesOf('2030-01-10')).toMatchObject([{ msg: 'written' }]));
    expect(shown.map((line) => (JSON.parse(line) as { msg: string }).msg)).toEqual([
      'shown only',
      expect.stringContaining(`${directory} cannot be written (manager.logger.directory_path)`),
      'shown only',
      'written',
    ]);
  });

  test('a folder that cannot be made leaves a logger that works', () => {
    writeFileSync(join(directory, 'file'), '');
    const { log } = logger({ level: 'info', format: 'json', console: false, directory: join(directory, 'file', 'x') });
    expect(() => log.info('hello')).not.toThrow();
  });
});

describe('errors', () => {
  const secret = 'Bearer s3cret';

  test('a problem says what it says; of anything else only name, code and place are kept', async () => {
    const foreign = Object.assign(new TypeError(`request failed: ${secret}`), { code: 'ECONNRESET', request: secret });
    foreign.stack = `TypeError: request failed: ${secret}\n    over two lines ${secret}\n    at here (file.ts:1:2)`;
    expect(safeError(retryable('ImagePull', 'not found'))).toEqual({ type: 'ImagePull', message: 'not found' });
    expect(safeError(foreign)).toEqual({ type: 'TypeError', code: 'ECONNRESET', at: ['at here (file.ts:1:2)'] });
    expect(safeError(secret)).toEqual({ type: 'string' });
    expect(safeError(undefined)).toEqual({ type: 'undefined' });
    at('2030-01-10T12:00:00.000Z');
    made().error('it failed', { error: foreign });
    await eventually(() => expect(linesOf('2030-01-10')).toHaveLength(1));
    expect(JSON.stringify(linesOf('2030-01-10'))).not.toContain('s3cret');
  });
});

test('on the console: one JSON line, or one line for people', () => {
  const file = fileURLToPath(new URL('../../worker/logger.ts', import.meta.url));
  const run = (format: string): string =>
    spawnSync(
      process.execPath,
      [
        '--import',
        'tsx',
        '--input-type=module',
        '-e',
        `const { logger } = await import(${JSON.stringify(file)});
         logger({ level: 'info', format: '${format}', console: true }).log.warn('take care', { connector: 'c1' });`,
      ],
      { encoding: 'utf8' },
    ).stdout;
  expect(JSON.parse(run('json'))).toMatchObject({ level: 40, msg: 'take care', connector: 'c1' });
  expect(run('pretty')).toMatch(/^\d{4}-\S+Z WARN {2}take care \{"connector":"c1"\}\n$/);
});
