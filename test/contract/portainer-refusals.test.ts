import { randomUUID } from 'node:crypto';
import { type AddressInfo, connect, createServer } from 'node:net';
import { createServer as createWebServer } from 'node:http';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { type PortainerOptions, portainer } from '../../runtimes/portainer.ts';
import type { Runtime } from '../../runtimes/runtime.ts';
import { portainerChecks } from '../../worker/doctor/portainer.ts';
import type { Shim } from '../support/portainer-shim.ts';
import { elsewhere, engine, optionsFor, removeAll, shimFor, signal, specFor, tls } from './portainer-support.ts';

const managerId = `portainer-refusals-${randomUUID()}`;
const made: Runtime[] = [];
let shim: Shim;

beforeAll(async () => {
  shim = await shimFor();
});
beforeEach(() => {
  shim.fail(undefined);
  shim.environment(true);
});
afterAll(async () => {
  for (const one of made) one.close();
  await removeAll(managerId);
  await shim.close();
});

const runtimeWith = (more: Partial<PortainerOptions> = {}, url = shim.url): Runtime => {
  const one = portainer(optionsFor(url, more));
  made.push(one);
  return one;
};
const find = (runtime: Runtime, name: string) =>
  runtime.find({ connectorId: name, variableId: name, names: [name] }, signal());
const problemOf = (work: Promise<unknown>): Promise<{ type: string; message: string }> =>
  work.then(
    () => ({ type: 'no error', message: '' }),
    (error: unknown) => error as { type: string; message: string },
  );
const drained = async (stream: AsyncIterable<unknown>): Promise<void> => {
  for await (const item of stream) expect(item).toBeUndefined();
};

/** Every call that could take "no answer" for "no container". */
const calls: readonly (readonly [string, (r: Runtime, name: string, ref: string) => Promise<unknown>])[] = [
  ['engine', (r) => r.engine(signal())],
  ['list', (r) => r.list([managerId], signal())],
  ['find', (r, name) => find(r, name)],
  ['deploy', (r, name) => r.deploy(specFor(managerId, `${name}-other`), true, signal())],
  [
    'refresh',
    (r, name, ref) => r.refresh(specFor(managerId, name, { contractHash: 'h2', specHash: 's2' }), ref, true, signal()),
  ],
  ['start', (r, _, ref) => r.start(ref, signal())],
  ['stop', (r, _, ref) => r.stop(ref, false, signal())],
  ['kill', (r, _, ref) => r.stop(ref, true, signal())],
  ['unpause', (r, _, ref) => r.unpause(ref, signal())],
  ['rename', (r, name, ref) => r.rename(ref, `${name}-b`, signal())],
  ['remove', (r, _, ref) => r.remove(ref, signal())],
  ['logs', (r, _, ref) => r.logs(ref, { tail: 5 }, signal())],
  ['events', (r) => drained(r.events([managerId], () => undefined, signal()))],
  ['follow', (r, _, ref) => drained(r.follow(ref, 1, signal()))],
  ['pull', (r) => r.pull('cadenza/not-there:1', 'missing', undefined, () => undefined, signal())],
  ['digest', (r, _, ref) => r.runningDigest(ref, signal())],
];

describe('what is there stays there, and every call says what is wrong', () => {
  let ref: string;
  const name = 'refused-one';
  let before: string;
  const state = async (): Promise<string> => {
    const all = await engine().listContainers({ all: true, filters: { label: [`opencti-manager=${managerId}`] } });
    return JSON.stringify(all.map(({ Id, Names, State, Labels }) => ({ Id, Names, State, Labels })));
  };
  beforeAll(async () => {
    shim.fail(undefined);
    const runtime = runtimeWith();
    await runtime.deploy(specFor(managerId, name), true, signal());
    ref = (await find(runtime, name))[0]?.ref ?? '';
    before = await state();
  });

  const faults: readonly (readonly [string, () => Promise<Runtime>, RegExp])[] = [
    ['a wrong key', () => Promise.resolve(runtimeWith({ apiKey: 'ptr_wrong' })), /refuses the API key.*api_key/],
    ['an environment nobody knows', () => Promise.resolve(runtimeWith({ environment: '9' })), /environment 9.*env_id/],
    ['an environment that was deleted', () => used(() => shim.environment(false)), /no environment 3.*env_id/],
    [
      'a key without access',
      () => used(() => shim.fail(json(403, { message: 'Permission denied', details: 'access denied' }))),
      /forbids this \(Permission denied\).*api_key/,
    ],
    [
      'a 500 of Portainer',
      () => used(() => shim.fail(json(500, { message: 'Unable to find it', details: 'database not open' }))),
      /does not reach the engine.*500: Unable to find it.*env_id/,
    ],
    ['an engine that is down', () => used(() => shim.fail(page(502, ''))), /does not reach the engine.*502.*env_id/],
    ['a redirect', () => used(() => shim.fail(page(307, ''))), /redirect.*portainer\.api/],
    ['a log-in page', () => used(() => shim.fail(page(200, '<html>log in</html>'))), /not Portainer.*portainer\.api/],
    ['a log-in page from the beginning', () => loggedOut(), /not Portainer.*portainer\.api/],
  ];
  /** A client that has worked before. */
  async function used(then: () => void): Promise<Runtime> {
    const runtime = runtimeWith();
    await runtime.engine(signal());
    then();
    return runtime;
  }
  function loggedOut(): Promise<Runtime> {
    shim.fail(page(200, '<html>log in</html>'));
    return Promise.resolve(runtimeWith());
  }

  test.each(faults)('%s', async (_what, broken, words) => {
    const runtime = await broken();
    for (const [call, work] of calls) {
      const problem = await problemOf(work(runtime, name, ref));
      expect(problem, call).toMatchObject({ type: 'RuntimeUnavailable' });
      expect(problem.message, call).toMatch(words);
      expect(problem.message, call).not.toContain('ptr_');
    }
    expect(await state()).toBe(before);
  });

  test.each([
    ['an object', '{"status":"ok"}'],
    ['a list', '[{"status":"ok"}]'],
    ['nothing', ''],
    ['half an answer', '[{"Id":"0123'],
  ])('%s instead of the engine’s answer is not taken for it', async (_what, body) => {
    const runtime = await used(() => shim.fail({ kind: 'answer', status: 200, type: 'application/json', body }));
    for (const [call, work] of calls.filter(([c]) => ['engine', 'list', 'find', 'deploy', 'refresh'].includes(c))) {
      const problem = await problemOf(work(runtime, name, ref));
      expect(problem, call).toMatchObject({ type: 'RuntimeUnavailable' });
      expect(problem.message, call).toMatch(/not Portainer/);
    }
    expect(await state()).toBe(before);
  });

  test('what is not there is no error while the environment is', async () => {
    const runtime = runtimeWith();
    expect(await find(runtime, 'nobody-knows')).toEqual([]);
    await runtime.remove('0123456789abcdef', signal());
    await runtime.stop('0123456789abcdef', false, signal());
  });
});

const json = (status: number, body: object) =>
  ({ kind: 'answer', status, type: 'application/json', body: JSON.stringify(body) }) as const;
const page = (status: number, body: string) => ({ kind: 'answer', status, type: 'text/html', body }) as const;

describe('answers of the engine pass', () => {
  test('a create that Portainer forbids is refused, in its words', async () => {
    shim.fail(json(403, { message: 'forbidden to use privileged mode' }), '/containers/create');
    const problem = await problemOf(runtimeWith().deploy(specFor(managerId, 'forbidden'), true, signal()));
    expect(problem).toMatchObject({ type: 'CreateRefused' });
    expect(problem.message).toContain('forbidden to use privileged mode');
  });

  test('a registry that refuses is an ImagePull, not a wrong key', async () => {
    shim.fail(json(401, { message: 'unauthorized: authentication required' }), '/distribution/');
    const problem = await problemOf(runtimeWith().availableDigest('registry.example/x:1', undefined, signal()));
    expect(problem).toMatchObject({ type: 'ImagePull' });
    expect(problem.message).toContain('authentication required');
  });

  test('a start that fails puts the old container back', async () => {
    const runtime = runtimeWith();
    await runtime.deploy(specFor(managerId, 'swap-back'), true, signal());
    const [old] = await find(runtime, 'swap-back');
    const oldRef = old?.ref ?? '';
    shim.fail(json(500, { message: 'OCI runtime create failed' }), '/start', 1);
    const next = specFor(managerId, 'swap-back', { contractHash: 'h2' });
    // The undo starts the old one, which succeeds.
    expect(await problemOf(runtime.refresh(next, oldRef, true, signal()))).toMatchObject({ type: 'SwapUndone' });
    expect(await find(runtime, 'swap-back')).toMatchObject([{ ref: oldRef, state: 'running' }]);
  });
});

describe('no answer', () => {
  test('nobody listens', async () => {
    const problem = await problemOf(runtimeWith({}, 'http://127.0.0.1:1').list([managerId], signal()));
    expect(problem).toMatchObject({ type: 'RuntimeUnavailable' });
    expect(problem.message).toMatch(/ECONNREFUSED.*daemon\.portainer\.api/);
  });

  test('one that hangs is given up after its time, and names the key of that', async () => {
    const runtime = runtimeWith({ answerMs: 300 });
    await runtime.engine(signal());
    shim.fail({ kind: 'silent' });
    for (const work of [() => runtime.list([managerId], signal()), () => find(runtime, 'x')]) {
      const problem = await problemOf(work());
      expect(problem).toMatchObject({ type: 'RuntimeUnavailable' });
      expect(problem.message).toContain('daemon.portainer.timeout');
    }
    shim.fail(undefined);
    expect(await runtime.list(['nobody'], signal())).toEqual([]);
  });

  test('an aborted call does not wait for the first answer', async () => {
    shim.fail({ kind: 'silent' });
    const stop = new AbortController();
    const work = problemOf(runtimeWith().list([managerId], stop.signal));
    const since = Date.now();
    stop.abort(new Error('told to'));
    expect(await work).toMatchObject({ message: 'told to' });
    expect(Date.now() - since).toBeLessThan(5_000);
  });

  test('an event stream that is cut is said to be Portainer’s', async () => {
    const cut = await shimFor();
    const runtime = runtimeWith({}, cut.url);
    let closing: Promise<void> | undefined;
    const problem = await problemOf(drained(runtime.events([managerId], () => void (closing = cut.close()), signal())));
    await closing;
    expect(problem).toMatchObject({ type: 'RuntimeUnavailable' });
    expect(problem.message).not.toContain('daemon.docker');
  });
});

describe('TLS', () => {
  let secure: Shim;
  beforeAll(async () => {
    secure = await shimFor({ tls });
  });
  afterAll(() => secure.close());

  test('a self-signed certificate is refused, and both keys are named', async () => {
    const problem = await problemOf(runtimeWith({}, secure.url).engine(signal()));
    expect(problem).toMatchObject({ type: 'RuntimeUnavailable' });
    expect(problem.message).toContain('daemon.portainer.unsecured_certificate');
    expect(problem.message).toContain('daemon.portainer.ca');
    expect(secure.passed).toEqual([]);
  });

  test('with its certificate in ca, or unsecured, it works', async () => {
    for (const more of [{ ca: tls.cert }, { unsecuredCertificate: true }])
      expect((await runtimeWith(more, secure.url).engine(signal())).id).not.toBe('');
  });

  test('a trusted certificate of another host is refused, and says what helps', async () => {
    const other = await shimFor({ tls: elsewhere });
    try {
      const problem = await problemOf(runtimeWith({ ca: elsewhere.cert }, other.url).engine(signal()));
      expect(problem.message).toMatch(/another host name.*portainer\.api.*unsecured_certificate/);
    } finally {
      await other.close();
    }
  });

  test('https where Portainer speaks http', async () => {
    const problem = await problemOf(runtimeWith({}, shim.url.replace('http:', 'https:')).engine(signal()));
    expect(problem.message).toMatch(/does not speak TLS.*scheme and port/);
  });
});

describe('through a proxy', () => {
  test.each([['http'], ['https']])('Portainer over %s comes through a tunnel', async (scheme) => {
    const target = await shimFor(scheme === 'https' ? { tls } : {});
    const tunnels: string[] = [];
    const proxy = createWebServer().on('connect', ({ url = '', headers }, client) => {
      tunnels.push(`${url} ${headers['proxy-authorization'] ?? ''}`);
      const [host, port] = url.split(':');
      const socket = connect(Number(port), host, () => {
        client.write('HTTP/1.1 200 OK\r\n\r\n');
        socket.pipe(client).pipe(socket);
      });
      socket.on('error', () => client.destroy());
      client.on('error', () => socket.destroy());
    });
    await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve));
    const at = new URL(`http://user:p%40ss@127.0.0.1:${(proxy.address() as AddressInfo).port}`);
    const runtime = runtimeWith({ proxy: at, ca: tls.cert }, target.url);
    expect((await runtime.engine(signal())).id).not.toBe('');
    const basic = Buffer.from('user:p@ss').toString('base64');
    expect(tunnels[0]).toBe(`${new URL(target.url).host} Basic ${basic}`);
    const strict = portainer(optionsFor(target.url, { proxy: at }));
    if (scheme === 'https') {
      const problem = await problemOf(strict.engine(signal()));
      expect(problem.message).toContain('daemon.portainer.ca');
    }
    strict.close();
    runtime.close();
    await target.close();
    await new Promise((resolve) => proxy.close(resolve));
  });

  test('a proxy that refuses is told from Portainer', async () => {
    const proxy = createServer((socket) => {
      socket.once('data', () => socket.end('HTTP/1.1 407 Proxy Authentication Required\r\n\r\n'));
      socket.on('error', () => undefined);
    });
    await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve));
    const at = new URL(`http://127.0.0.1:${(proxy.address() as AddressInfo).port}`);
    const problem = await problemOf(runtimeWith({ proxy: at }).engine(signal()));
    expect(problem.message).toMatch(/proxy.*407.*NO_PROXY/);
    await new Promise((resolve) => proxy.close(resolve));
  });
});

describe('configuration', () => {
  test('an environment of another kind is refused before any call', () => {
    expect(() => portainer(optionsFor(shim.url, { environmentType: 'kubernetes' }))).toThrow(
      expect.objectContaining({
        type: 'InvalidConfiguration',
        message: expect.stringContaining('daemon.portainer.env_type') as string,
      }) as Error,
    );
  });

  test.each(['no address', 'ftp://portainer'])('%s is no address', (api) => {
    expect(() => portainer(optionsFor(api))).toThrow('daemon.portainer.api');
  });
});

describe('the doctor', () => {
  const look = async (more: Partial<PortainerOptions> = {}, url = shim.url) => {
    const options = optionsFor(url, more);
    const facts = {
      platform: 'opencti',
      options,
      networkKey: 'daemon.portainer.network_mode',
      connectorUrl: 'http://x',
    };
    return portainerChecks(facts, signal());
  };

  test('all well: environment and engine by name', async () => {
    const [checks, id] = await look({ hostOptions: { networkMode: 'bridge' } });
    expect(checks.every((c) => c.ok === true)).toBe(true);
    expect(checks[0]?.detail).toMatch(/^Portainer, environment 3: Docker .*engine /);
    expect(id).toBe(((await engine().info()) as { ID: string }).ID);
  });

  test.each([
    ['key', { apiKey: 'ptr_wrong' }, 'api_key'],
    ['environment', { environment: '9' }, 'env_id'],
  ])('a wrong %s is named', async (_what, more, words) => {
    const [[check], id] = await look(more);
    expect(check).toMatchObject({ ok: false, name: 'opencti runtime' });
    expect(check?.detail).toContain(words);
    expect(JSON.stringify(check)).not.toContain('ptr_');
    expect(id).toBeUndefined();
  });

  test('a network that is not there is one of Portainer’s key', async () => {
    const [checks] = await look({ hostOptions: { networkMode: 'no-such-net' } });
    expect(checks.find((c) => c.name === 'opencti network')).toMatchObject({
      ok: false,
      fix: expect.stringContaining('opencti.daemon.portainer.network_mode') as string,
    });
  });

  test('a certificate that is not checked is advised against', async () => {
    const secure = await shimFor({ tls });
    try {
      const [checks] = await look({ unsecuredCertificate: true }, secure.url);
      expect(checks.at(-1)).toMatchObject({ name: 'opencti certificate', ok: true });
      expect(checks.at(-1)?.fix).toContain('daemon.portainer.ca');
      const [[refused]] = await look({}, secure.url);
      expect(refused).toMatchObject({ ok: false });
    } finally {
      await secure.close();
    }
  });
});
