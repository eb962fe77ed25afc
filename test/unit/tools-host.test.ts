import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { type Server, createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { answers, engineHost } from '../../tools/host.ts';

let dir: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'cadenza-host-'));
});
afterEach(() => rmSync(dir, { recursive: true, force: true }));

/** Client configuration as `docker context create` and `docker context use` leave it. */
function contexts(current: string | undefined, hosts: Readonly<Record<string, string>>): void {
  writeFileSync(join(dir, 'config.json'), JSON.stringify(current === undefined ? {} : { currentContext: current }));
  for (const [name, Host] of Object.entries(hosts)) {
    const meta = join(dir, 'contexts', 'meta', createHash('sha256').update(name).digest('hex'));
    mkdirSync(meta, { recursive: true });
    writeFileSync(join(meta, 'meta.json'), JSON.stringify({ Name: name, Endpoints: { docker: { Host } } }));
  }
}

describe('which engine is asked', () => {
  const socket = 'unix:///var/run/docker.sock';
  test('the default socket where nothing is said', () => {
    expect(engineHost({ DOCKER_CONFIG: dir })).toBe(socket);
  });
  test('the context in use', () => {
    contexts('mine', { mine: 'unix:///run/user/1000/docker.sock', other: 'tcp://other:2375' });
    expect(engineHost({ DOCKER_CONFIG: dir })).toBe('unix:///run/user/1000/docker.sock');
    expect(engineHost({ DOCKER_CONFIG: dir, DOCKER_CONTEXT: 'other' })).toBe('tcp://other:2375');
  });
  test('DOCKER_HOST before the context', () => {
    contexts('mine', { mine: 'unix:///run/user/1000/docker.sock' });
    expect(engineHost({ DOCKER_CONFIG: dir, DOCKER_HOST: 'tcp://given:2375' })).toBe('tcp://given:2375');
  });
  test('a context that is not there, and a file that is none, count for nothing', () => {
    contexts('gone', {});
    expect(engineHost({ DOCKER_CONFIG: dir })).toBe(socket);
    writeFileSync(join(dir, 'config.json'), 'not json');
    expect(engineHost({ DOCKER_CONFIG: dir })).toBe(socket);
  });
});

describe('whether it answers', () => {
  let server: Server | undefined;
  afterEach(() => server?.close());
  const listen = (status: number): Promise<string> =>
    new Promise((resolve) => {
      const host = join(dir, 'docker.sock');
      server = createServer((request, response) => {
        response.statusCode = request.url === '/_ping' ? status : 404;
        response.end('OK');
      }).listen(host, () => resolve(`unix://${host}`));
    });

  test('an engine', async () => expect(await answers(await listen(200), {})).toBe(true));
  test('something else at that socket', async () => expect(await answers(await listen(500), {})).toBe(false));
  test.each(['unix:///nowhere/docker.sock', 'tcp://127.0.0.1:1', 'ssh://host', 'nonsense'])(
    'nothing at %s',
    async (host) => expect(await answers(host, {})).toBe(false),
  );
});
