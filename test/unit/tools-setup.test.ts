import { execFile, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { root } from '../../tools/cache.ts';
import { until } from '../../tools/processes.ts';

/** The set-up is plain JavaScript for a bare Node, so it is tested in one. */
let dir: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'cadenza-setup-'));
});
afterEach(() => rmSync(dir, { recursive: true, force: true }));

const url = (name: string) => JSON.stringify(`file://${join(root, 'tools', 'setup', name)}`);
const code = (name: string, script: string) => `const m = await import(${url(name)}); ${script}`;
const node = async (name: string, script: string, env: NodeJS.ProcessEnv = {}): Promise<string> => {
  const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '-e', code(name, script)], {
    env: { PATH: process.env['PATH'], ...env },
  });
  return stdout.trim();
};

describe('the cache', () => {
  test.each([
    [{ CADENZA_CACHE: '/c', XDG_CACHE_HOME: '/x' }, '/c'],
    [{ XDG_CACHE_HOME: '/x' }, '/x/cadenza'],
  ])('%o means %s', async (env, folder) =>
    expect(await node('cache.mjs', 'console.log(m.cacheFolder())', env)).toBe(folder),
  );

  const make = (body: string) =>
    node('cache.mjs', `console.log(await m.once(${JSON.stringify(join(dir, 'thing'))}, async (t) => { ${body} }))`);
  const write = `(await import('node:fs')).writeFileSync(t + '/file', 'whole');`;
  test('a folder is made once', async () => {
    expect(await make(write)).toBe('true');
    expect(await make(`throw new Error('not again')`)).toBe('false');
    expect(readFileSync(join(dir, 'thing', 'file'), 'utf8')).toBe('whole');
  });
  test('after a failure or a crash nothing looks finished, and the next one clears up', async () => {
    await expect(make(`${write} throw new Error('no')`)).rejects.toThrow();
    await expect(make(`${write} process.kill(process.pid, 'SIGKILL');`)).rejects.toThrow();
    expect(existsSync(join(dir, 'thing'))).toBe(false);
    expect(await make(write)).toBe('true');
    expect(readdirSync(dir)).toEqual(['thing']);
  });
});

describe('the lock', () => {
  const file = () => join(dir, 'setup.lock');
  const locked = (work: string) =>
    `await m.locked(${JSON.stringify(file())}, async () => { ${work} }, () => console.log('waiting'))`;
  const run = (work: string) => node('cache.mjs', locked(work));

  test('two at once take turns', async () => {
    const mark = join(dir, 'inside');
    const work = `const { mkdirSync, rmdirSync } = await import('node:fs'); mkdirSync(${JSON.stringify(mark)}); await new Promise((r) => setTimeout(r, 50)); rmdirSync(${JSON.stringify(mark)});`;
    await Promise.all([run(work), run(work), run(work)]);
    expect(readdirSync(dir)).toEqual([]);
  });
  test('one whose process was killed is taken over', async () => {
    const child = spawn(
      process.execPath,
      [
        '--input-type=module',
        '-e',
        code('cache.mjs', locked('setInterval(() => {}, 1e6); await new Promise(() => {})')),
      ],
      {
        stdio: 'ignore',
      },
    );
    await until('the lock', 5_000, () => existsSync(file()));
    const ended = new Promise((resolve) => child.once('exit', resolve));
    child.kill('SIGKILL');
    await ended;
    expect(await run(`console.log('in')`)).toBe('in');
  });
  test.each([
    ['of a process that has got an old number', JSON.stringify({ pid: process.pid, start: '1' })],
    ['of which nothing was written', ''],
  ])('one %s is taken over', async (_, content) => {
    writeFileSync(file(), content);
    expect(await run(`console.log('in')`)).toBe('in');
  });
});

/** A release server of our own, with an archive that holds a script as the CLI. */
describe.skipIf(process.platform !== 'linux')('the Temporal CLI from its release', () => {
  const name = `temporal_cli_9.9.9_linux_${process.arch === 'x64' ? 'amd64' : 'arm64'}.tar.gz`;
  async function release(sumOf: (archive: Buffer) => string): Promise<{ base: string; close: () => void }> {
    const folder = join(dir, 'packed');
    mkdirSync(folder);
    writeFileSync(join(folder, 'temporal'), '#!/bin/sh\necho 9.9.9\n', { mode: 0o755 });
    await promisify(execFile)('tar', ['-czf', join(dir, name), '-C', folder, 'temporal']);
    const archive = readFileSync(join(dir, name));
    const server = createServer((request, response) => {
      if (request.url === '/v9.9.9/checksums.txt') response.end(`${sumOf(archive)}  ${name}\n`);
      else if (request.url === `/v9.9.9/${name}`) response.end(archive);
      else response.writeHead(404).end();
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return { base: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, close: () => server.close() };
  }
  const sha256 = (data: Buffer) => createHash('sha256').update(data).digest('hex');
  const load = (base: string, env: NodeJS.ProcessEnv = {}) =>
    node(
      'temporal.mjs',
      `const { mkdirSync } = await import('node:fs'); mkdirSync(${JSON.stringify(join(dir, 'cache'))}, { recursive: true });
       console.log(await m.temporalCli(${JSON.stringify(join(dir, 'cache'))}, ${JSON.stringify({ cli: '9.9.9', release: base, wheel: {} })}, process.env).catch((e) => e.message))`,
      env,
    );
  const cli = () => join(dir, 'cache', 'temporal-9.9.9', 'temporal');

  test('with the sum it lists', async () => {
    const { base, close } = await release(sha256);
    expect(await load(base)).toBe('loaded');
    expect(await load(base)).toBe('present');
    close();
    expect((await promisify(execFile)(cli())).stdout).toBe('9.9.9\n');
  });
  test('with another sum nothing is kept', async () => {
    const { base, close } = await release(() => '0'.repeat(64));
    expect(await load(base)).toContain('has not the checksum');
    close();
    expect(readdirSync(join(dir, 'cache'))).toEqual([]);
  });
  test('where nothing answers and no package is known, one line says what to do', async () =>
    expect(await load('http://127.0.0.1:1')).toMatch(/install the Temporal CLI .* and set TEMPORAL_CLI_PATH$/));
  test('not at all when a server or a program is given', async () => {
    expect(await load('http://127.0.0.1:1', { TEMPORAL_ADDRESS: 'there:7233' })).toContain('TEMPORAL_ADDRESS');
    expect(await load('http://127.0.0.1:1', { TEMPORAL_CLI_PATH: '/bin/temporal' })).toContain('TEMPORAL_CLI_PATH');
  });
});
