import { type Server, createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { manifestOf, registryDigest } from '../../runtimes/registry.ts';

const digest = `sha256:${'c'.repeat(64)}`;
const signal = (): AbortSignal => AbortSignal.timeout(5_000);
const auth = { server: 'x', username: 'reader', password: 'pass:word' };
const basic = `Basic ${Buffer.from('reader:pass:word').toString('base64')}`;

/** A registry that follows the specification's rules of authentication: `open/`, `basic/` and `token/` repositories. */
describe('the digest a registry gives now', () => {
  let server: Server;
  let host: string;
  beforeAll(async () => {
    server = createServer((request, response) => {
      const url = new URL(request.url ?? '/', `http://${host}`);
      const { authorization } = request.headers;
      const challenge = (text: string) => response.writeHead(401, { 'www-authenticate': text }).end();
      if (url.pathname === '/token') {
        if (authorization !== basic) return void response.writeHead(401).end();
        return void response.end(
          JSON.stringify({ token: `for ${url.searchParams.get('scope')} of ${url.searchParams.get('service')}` }),
        );
      }
      const [, repository = '', tag = ''] = /^\/v2\/(.+)\/manifests\/(.+)$/.exec(url.pathname) ?? [];
      if (repository.startsWith('basic/') && authorization !== basic) return void challenge('Basic realm="here"');
      if (repository.startsWith('token/') && authorization !== `Bearer for repository:${repository}:pull of there`)
        return void challenge(
          `Bearer realm="http://${host}/token",service="there",scope="repository:${repository}:pull"`,
        );
      if (request.method !== 'HEAD' || !(request.headers.accept ?? '').includes('image.index') || tag !== 'latest')
        return void response.writeHead(404).end();
      response.writeHead(200, { 'docker-content-digest': digest }).end();
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    host = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  });
  afterAll(() => void server.close());

  test.each(['open/x', 'open/x:latest'])('without credentials: %s', async (name) =>
    expect(await registryDigest(`${host}/${name}`, undefined, signal())).toBe(digest),
  );
  test.each(['basic/x', 'token/team/x'])('with credentials: %s', async (name) =>
    expect(await registryDigest(`${host}/${name}`, auth, signal())).toBe(digest),
  );
  test('a digest names itself; nobody is asked', async () => {
    expect(await registryDigest(`nowhere.example/x@${digest}`, undefined, signal())).toBe(digest);
  });
  test.each([
    ['basic/x', undefined, 'daemon.registry'],
    ['token/x', undefined, 'daemon.registry'],
    ['token/x', { ...auth, password: 'wrong' }, 'daemon.registry'],
    ['open/x:gone', undefined, '404'],
  ])('%s: a problem that says what to do, and no secret', async (name, credentials, text) => {
    const error = await registryDigest(`${host}/${name}`, credentials, signal()).catch((e: unknown) => e);
    expect(error).toMatchObject({ type: 'ImagePull', message: expect.stringContaining(text) as string });
    expect((error as Error).message).not.toMatch(/wrong|pass:word/);
  });
  test('a registry that does not answer', async () => {
    const error = await registryDigest('127.0.0.1:1/x', undefined, signal()).catch((e: unknown) => e);
    expect(error).toMatchObject({ type: 'ImagePull', message: expect.stringContaining('does not answer') as string });
  });
});

test.each([
  ['busybox', 'https://registry-1.docker.io/v2/library/busybox/manifests/latest'],
  ['opencti/connector-mitre:6.9.0', 'https://registry-1.docker.io/v2/opencti/connector-mitre/manifests/6.9.0'],
  ['localhost:5000/demo:1', 'http://localhost:5000/v2/demo/manifests/1'],
  ['127.0.0.1/a/b:1', 'http://127.0.0.1/v2/a/b/manifests/1'],
  ['r.example.com:5000/a/b:x', 'https://r.example.com:5000/v2/a/b/manifests/x'],
])('%s is asked for at %s', (image, url) => expect(manifestOf(image).url).toBe(url));
