import { inspect } from 'node:util';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Problem } from '../../model/errors.ts';
import { opencti } from '../../platforms/opencti.ts';
import type { ClientOptions } from '../../platforms/options.ts';
import { certificate, failure, forwardProxy, json, optionsFor, serve, token, type Reply } from './opencti-server.ts';

const good = json({ data: { about: { version: '7.1' } } });
const silent: Reply = () => undefined;
const never = new AbortController().signal;
const open: { close(): Promise<void> }[] = [];
const proxyNames = ['HTTP_PROXY', 'HTTPS_PROXY', 'NO_PROXY', 'http_proxy', 'https_proxy', 'no_proxy'];
let environment: Record<string, string | undefined>;

beforeEach(() => {
  environment = Object.fromEntries(proxyNames.map((name) => [name, process.env[name]]));
  for (const name of proxyNames) delete process.env[name];
});
afterEach(async () => {
  for (const [name, value] of Object.entries(environment))
    if (value === undefined) delete process.env[name];
    else process.env[name] = value;
  await Promise.all(open.splice(0).map((one) => one.close()));
});

async function platform(reply: Reply = good, tls = false) {
  const server = await serve(reply, tls);
  open.push(server);
  return { ...server, url: `${tls ? 'https' : 'http'}://localhost:${server.port}` };
}
/** Nobody listens there any more. */
async function nowhere(): Promise<string> {
  const server = await serve(good);
  await server.close();
  return `http://127.0.0.1:${server.port}`;
}
async function proxy(users?: string) {
  const server = await forwardProxy(users);
  open.push(server);
  return { ...server, url: `http://${users === undefined ? '' : `${users}@`}127.0.0.1:${server.port}` };
}
function version(url: string, more: Partial<ClientOptions> = {}, signal = never): Promise<string> {
  const client = opencti(optionsFor(url, more));
  open.push(client);
  return client.version(signal);
}
async function problemOf(run: Promise<unknown>): Promise<Problem> {
  const problem = await failure(run);
  expect(inspect(problem, { depth: 10, showHidden: true })).not.toContain(token);
  expect(problem.cause).toBeUndefined();
  return problem;
}

describe('certificates', () => {
  test('an unknown one is refused, and both ways out are named', async () => {
    const { url } = await platform(good, true);
    const problem = await problemOf(version(url));
    expect(problem).toMatchObject({ kind: 'retryable', type: 'PlatformUnavailable' });
    expect(problem.message).toMatch(/opencti\.https_proxy_ca.*opencti\.unsecured_certificate/);
  });
  test('its CA in https_proxy_ca makes it known', async () => {
    const { url } = await platform(good, true);
    expect(await version(url, { proxyCa: [certificate] })).toBe('7.1');
  });
  test('unsecured_certificate accepts it', async () => {
    const { url } = await platform(good, true);
    expect(await version(url, { unsecuredCertificate: true })).toBe('7.1');
  });
});

describe('a proxy', () => {
  test('takes http:// targets whole', async () => {
    const [p, { url }] = [await proxy(), await platform()];
    expect(await version(url, { withProxy: true, httpProxy: p.url })).toBe('7.1');
    expect(p.received.map((r) => r.url)).toEqual([`${url}/graphql`]);
    expect(p.tunnels).toEqual([]);
  });
  test('tunnels https:// targets, where certificate rules hold as without it', async () => {
    const [p, { url, port }] = [await proxy(), await platform(good, true)];
    const via = { withProxy: true, httpsProxy: p.url };
    expect(await version(url, { ...via, proxyCa: [certificate] })).toBe('7.1');
    expect(await version(url, { ...via, unsecuredCertificate: true })).toBe('7.1');
    expect((await problemOf(version(url, via))).message).toContain('opencti.https_proxy_ca');
    expect(p.tunnels).toEqual(Array.from({ length: 3 }, () => `localhost:${port}`));
    expect(p.received).toEqual([]);
  });
  test('is chosen by the scheme of the target alone', async () => {
    const [p, { url }] = [await proxy(), await platform()];
    expect(await version(url, { withProxy: true, httpsProxy: p.url })).toBe('7.1');
    expect(p.received).toEqual([]);
  });
  test('is not used for what no_proxy names', async () => {
    const [p, { url }] = [await proxy(), await platform()];
    expect(await version(url, { withProxy: true, httpProxy: p.url, noProxy: 'example.org, localhost' })).toBe('7.1');
    expect(p.received).toEqual([]);
  });
  test('from the process environment counts only with with_proxy', async () => {
    const [p, { url }] = [await proxy(), await platform()];
    process.env['http_proxy'] = p.url;
    expect(await version(url)).toBe('7.1');
    expect(p.received).toEqual([]);
    expect(await version(url, { withProxy: true })).toBe('7.1');
    expect(p.received).toHaveLength(1);
    process.env['NO_PROXY'] = 'localhost';
    expect(await version(url, { withProxy: true })).toBe('7.1');
    expect(p.received).toHaveLength(1);
  });
  test('is not taken from the environment when one is configured', async () => {
    const [p, { url }] = [await proxy(), await platform(good, true)];
    process.env['HTTPS_PROXY'] = p.url;
    const more = { withProxy: true, httpProxy: await nowhere(), proxyCa: [certificate] };
    expect(await version(url, more)).toBe('7.1');
    expect(p.tunnels).toEqual([]);
  });
  test.each([false, true])('gets the credentials of its URL (TLS target: %s)', async (tls) => {
    const [p, { url }] = [await proxy('user:pass'), await platform(good, tls)];
    const via = { withProxy: true, httpProxy: p.url, httpsProxy: p.url, proxyCa: [certificate] };
    expect(await version(url, via)).toBe('7.1');
    const bare = `http://127.0.0.1:${p.port}`;
    const problem = await problemOf(version(url, { ...via, httpProxy: bare, httpsProxy: bare }));
    expect(problem).toMatchObject({ type: 'NotPermitted' });
    expect(problem.message).toContain('opencti.http_proxy');
  });
  test('that is not there is an outage', async () => {
    const { url } = await platform();
    const problem = await problemOf(
      version(url, { withProxy: true, httpProxy: (await nowhere()).replace('//', '//u:s3cret@') }),
    );
    expect(problem).toMatchObject({ kind: 'retryable', type: 'PlatformUnavailable' });
    expect(inspect(problem)).not.toContain('s3cret');
  });
  test('that does not reach the platform is an outage', async () => {
    const p = await proxy();
    const problem = await problemOf(version(await nowhere(), { withProxy: true, httpProxy: p.url }));
    expect(problem).toMatchObject({ type: 'PlatformUnavailable' });
    expect(problem.message).toContain('status 502');
  });
});

describe('a platform that', () => {
  test('is not there is an outage', async () => {
    const url = await nowhere();
    const problem = await problemOf(version(url));
    expect(problem).toMatchObject({ kind: 'retryable', type: 'PlatformUnavailable' });
    expect(problem.message).toBe(`OpenCTI at ${url}/graphql cannot be reached: connection refused`);
  });
  test('is on a port no web client may use is a matter of configuration', async () => {
    const problem = await problemOf(version('http://127.0.0.1:6000'));
    expect(problem).toMatchObject({ kind: 'permanent', type: 'InvalidConfiguration' });
    expect(problem.message).toContain('opencti.url');
  });
  test('has a host name nobody knows is an outage', async () => {
    const problem = await problemOf(version('http://platform.invalid'));
    expect(problem).toMatchObject({ kind: 'retryable', type: 'PlatformUnavailable' });
    expect(problem.message).toContain('host name');
  });
  test.each<[string, Reply]>([
    ['before it answers', (_r, response) => response.destroy()],
    [
      'within the answer',
      (_r, response) => void response.writeHead(200, { 'content-length': 99 }).write('{', () => response.destroy()),
    ],
  ])('drops the connection %s is an outage', async (_name, reply) => {
    const { url } = await platform(reply);
    const problem = await problemOf(version(url));
    expect(problem).toMatchObject({ kind: 'retryable', type: 'PlatformUnavailable' });
  });
  test.each<[string, Reply]>([
    ['nothing', silent],
    ['half of it', (_r, response) => void response.writeHead(200).write('{"data"')],
  ])('answers %s in time is an outage', async (_name, reply) => {
    const { url } = await platform(reply);
    const problem = await problemOf(version(url, { requestTimeoutMs: 50 }));
    expect(problem).toMatchObject({ kind: 'retryable', type: 'PlatformUnavailable' });
    expect(problem.message).toContain('no answer within 50 ms');
  });
  test('is slow has more time for the listing than for the rest', async () => {
    const { url } = await platform((received, response) => {
      setTimeout(() => json({ data: { connectorsForManagers: [], about: { version: '7' } } })(received, response), 150);
    });
    const client = opencti(optionsFor(url, { requestTimeoutMs: 50, listingTimeoutMs: 5_000 }));
    open.push(client);
    expect(await client.list(never)).toEqual({ records: [], skipped: [], complete: true });
    expect((await problemOf(client.version(never))).message).toContain('50 ms');
  });
});

describe('a cancelled call', () => {
  test('ends with the reason it was given, under way or before', async () => {
    const { url, received } = await platform(silent);
    const cancel = new AbortController();
    const reason = new Error('cancelled by the caller');
    const client = opencti(optionsFor(url));
    open.push(client);
    const running = client.list(cancel.signal);
    await expect.poll(() => received.length).toBe(1);
    cancel.abort(reason);
    await expect(running).rejects.toBe(reason);
    await expect(client.list(cancel.signal)).rejects.toBe(reason);
    expect(received).toHaveLength(1);
  });
  test('also when the platform is closed by the other side', async () => {
    const { url, received } = await platform(silent);
    const client = opencti(optionsFor(url));
    const running = client.version(never);
    running.catch(() => undefined);
    await expect.poll(() => received.length).toBe(1);
    await client.close();
    expect(await problemOf(running)).toMatchObject({ type: 'PlatformUnavailable' });
  });
});

test('connections are used again', async () => {
  const ports = new Set<number | undefined>();
  const { url } = await platform((received, response) => {
    ports.add(response.req.socket.remotePort);
    good(received, response);
  });
  const client = opencti(optionsFor(url));
  open.push(client);
  for (let i = 0; i < 6; i++) await client.version(never);
  expect(ports.size).toBeLessThan(3);
});
