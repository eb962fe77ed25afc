import { type IncomingMessage, type Server, type ServerResponse, createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, test } from 'vitest';
import { referenceOf, registryDigest } from '../../runtimes/kubernetes/registry.ts';

const digest = `sha256:${'a'.repeat(64)}`;
const auth = (server: string) => ({ server, username: 'tester', password: 'pass:word' });
const basic = `Basic ${Buffer.from('tester:pass:word').toString('base64')}`;
const signal = (): AbortSignal => AbortSignal.timeout(5_000);

let server: Server | undefined;
afterEach(async () => {
  server?.closeAllConnections();
  await new Promise((resolve) => server?.close(resolve) ?? resolve(undefined));
});
const serving = async (answer: (request: IncomingMessage, response: ServerResponse) => void): Promise<string> => {
  const made = createServer(answer);
  server = made;
  await new Promise<void>((resolve) => made.listen(0, '127.0.0.1', resolve));
  return `127.0.0.1:${(made.address() as AddressInfo).port}`;
};
const manifest = (response: ServerResponse): unknown =>
  response.writeHead(200, { 'docker-content-digest': digest }).end();

describe('the digest of a reference, as its registry tells it', () => {
  test('without credentials', async () => {
    const host = await serving((request, response) => {
      expect(`${request.method} ${request.url}`).toBe('HEAD /v2/team/demo/manifests/1');
      manifest(response);
    });
    expect(await registryDigest(`${host}/team/demo:1`, undefined, 2_000, signal())).toBe(digest);
  });

  test('with a password', async () => {
    const host = await serving((request, response) =>
      request.headers.authorization === basic
        ? manifest(response)
        : response.writeHead(401, { 'www-authenticate': 'Basic realm="r"' }).end(),
    );
    expect(await registryDigest(`${host}/demo:1`, auth(host), 2_000, signal())).toBe(digest);
  });

  test('with a token that is handed out elsewhere', async () => {
    const asked: (string | undefined)[] = [];
    const host = await serving((request, response) => {
      const { url = '', headers } = request;
      if (url.startsWith('/token')) {
        asked.push(url, headers.authorization);
        response.end(JSON.stringify({ token: 'bearer-1' }));
      } else if (headers.authorization === 'Bearer bearer-1') manifest(response);
      else {
        const realm = `http://${headers.host ?? ''}/token`;
        const challenge = `Bearer realm="${realm}",service="s",scope="repository:demo:pull"`;
        response.writeHead(401, { 'www-authenticate': challenge }).end();
      }
    });
    expect(await registryDigest(`${host}/demo:1`, auth(host), 2_000, signal())).toBe(digest);
    expect(asked).toEqual(['/token?service=s&scope=repository%3Ademo%3Apull', basic]);
  });

  test.each([
    [401, 'not accepted'],
    [404, 'answered 404'],
    [500, 'answered 500'],
  ])('an answer of %i is said, with the reference and without the password', async (code, words) => {
    const host = await serving((_request, response) => response.writeHead(code).end());
    const error = await registryDigest(`${host}/demo:1`, auth(host), 2_000, signal()).catch((e: unknown) => e);
    expect(error).toMatchObject({ type: 'ImagePull', message: expect.stringContaining(words) as string });
    expect((error as Error).message).toContain(`${host}/demo:1`);
    expect((error as Error).message).not.toContain('pass:word');
  });

  test('a registry that does not answer', async () => {
    await expect(registryDigest('127.0.0.1:1/demo:1', undefined, 2_000, signal())).rejects.toMatchObject({
      type: 'ImagePull',
    });
  });
});

test.each([
  ['busybox', 'registry-1.docker.io', 'library/busybox', 'latest'],
  ['opencti/connector-mitre:6.9.0', 'registry-1.docker.io', 'opencti/connector-mitre', '6.9.0'],
  ['localhost/demo:1', 'localhost', 'demo', '1'],
  ['r.example.com:5000/a/b@sha256:ff', 'r.example.com:5000', 'a/b', 'sha256:ff'],
  ['r.example.com/a:1@sha256:ff', 'r.example.com', 'a', 'sha256:ff'],
])('%s is asked of %s', (image, host, repository, tag) => {
  expect(referenceOf(image)).toEqual({ host, repository, tag });
});
