import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { afterAll, beforeEach, describe, expect, test, vi } from 'vitest';
import type { Sandbox } from '../../sandbox/server.ts';
import { adminToken, ask, type Data, list, operations, register, registered, sandboxWith } from './sandbox-support.ts';

const bearer = { authorization: `Bearer ${adminToken}` };

async function call(sandbox: Sandbox, method: string, path: string, body?: unknown, headers: object = bearer) {
  const response = await fetch(`${sandbox.origin}/control/${path}`, {
    method,
    headers: { 'content-type': 'application/json', ...headers },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  return { status: response.status, body: (await response.json()) as Data };
}

describe('over HTTP', () => {
  test('a connector is added, edited, started, stopped, reset and deleted', async () => {
    const sandbox = await registered();
    const added = await call(sandbox, 'POST', 'connectors', {
      name: 'One',
      slug: 'virustotal',
      image: 'x/y:9',
      requested: 'starting',
      configuration: { VIRUSTOTAL_TOKEN: 's3cret' },
    });
    expect(added).toMatchObject({ status: 200, body: { name: 'one', image: 'x/y:9', requested: 'starting' } });
    expect(JSON.stringify(added)).not.toContain('s3cret');
    const ref = `connectors/${added.body['id']}`;
    expect((await call(sandbox, 'POST', `${ref}/stop`)).body).toMatchObject({ requested: 'stopping' });
    expect((await call(sandbox, 'POST', 'connectors/one/start')).body).toMatchObject({ requested: 'starting' });
    expect(added.body['hash']).toBeNull();
    await list(sandbox);
    const edited = await call(sandbox, 'PATCH', ref, { name: 'Two', image: 'x/y:10' });
    expect(edited.body).toMatchObject({ name: 'Two', image: 'x/y:10' });
    const reset = await call(sandbox, 'POST', `${ref}/reset`);
    expect(reset.body['hash']).not.toBe(edited.body['hash']);
    expect((await call(sandbox, 'GET', 'connectors')).body).toMatchObject([{ name: 'Two' }]);
    expect((await call(sandbox, 'DELETE', ref)).status).toBe(200);
    expect((await call(sandbox, 'GET', ref)).status).toBe(404);
  });

  test('faults, rules, clock, tokens, managers and reports are reached', async () => {
    const sandbox = await registered();
    await call(sandbox, 'PUT', 'faults', { listing: { mode: 'empty' } });
    expect((await call(sandbox, 'GET', 'faults')).body).toEqual({ listing: { mode: 'empty' } });
    await call(sandbox, 'DELETE', 'faults');
    expect((await call(sandbox, 'GET', 'faults')).body).toEqual({});
    expect((await call(sandbox, 'PUT', 'rules', { envelopeVersion: 1 })).body).toMatchObject({ envelopeVersion: 1 });
    await call(sandbox, 'POST', 'upgrade', { version: '8.0.0' });
    expect((await call(sandbox, 'GET', 'rules')).body).toMatchObject({ platformVersion: '8.0.0' });
    await call(sandbox, 'POST', 'clock', { advanceMs: 1000 });
    expect((await call(sandbox, 'POST', 'clock', { advanceMs: 500 })).body).toMatchObject({ shiftMs: 1500 });
    const { token } = (await call(sandbox, 'POST', 'tokens', { name: 'x', capabilities: ['MODULES'] })).body;
    expect(token).toMatch(/^[0-9a-f]{48}$/);
    expect((await call(sandbox, 'POST', 'tokens/rotate')).body).toEqual({ done: true });
    expect((await call(sandbox, 'GET', 'calls?operation=registerConnectorsManager')).body).toHaveLength(1);
    expect((await call(sandbox, 'GET', 'statuses')).body).toEqual([]);
    expect((await call(sandbox, 'GET', 'catalogue')).body.length).toBeGreaterThan(5);
    expect((await call(sandbox, 'GET', 'secrets')).body).toEqual([]);
    await call(sandbox, 'DELETE', 'managers');
    expect((await call(sandbox, 'GET', 'managers')).body).toEqual([]);
  });

  test.each<[string, string, string, unknown, number, RegExp]>([
    ['a typo', 'PUT', 'faults', { lsting: {} }, 400, /lsting/],
    ['an unknown operation', 'PUT', 'faults', { operations: { x: {} } }, 400, /no such operation/],
    ['a rule out of range', 'PUT', 'rules', { envelopeVersion: 3 }, 400, /envelopeVersion/],
    ['neither slug nor image', 'POST', 'connectors', { name: 'x' }, 400, /slug/],
    ['an unknown slug', 'POST', 'connectors', { name: 'xx', slug: 'x' }, 404, /no contract x/],
    [
      'what the platform refuses',
      'POST',
      'connectors',
      { name: 'xx', slug: 'ipinfo' },
      409,
      /IPINFO_TOKEN: is required/,
    ],
    ['an unknown path', 'GET', 'nothing', undefined, 404, /GET \/control\/nothing/],
    ['a body that is no object', 'PUT', 'faults', [1], 400, /patch/],
  ])('%s is refused with a reason', async (_name, method, path, body, status, reason) => {
    const answer = await call(await registered(), method, path, body);
    expect(answer.status).toBe(status);
    expect(answer.body['error']).toMatch(reason);
  });
});

describe('access', () => {
  test('nobody gets in without the administrator token', async () => {
    const sandbox = await sandboxWith();
    const other = sandbox.control.addToken({ name: 'x', capabilities: ['BYPASS'] });
    for (const headers of [{}, { authorization: `Bearer ${other}` }, { authorization: 'Bearer ' }])
      expect((await call(sandbox, 'GET', 'faults', undefined, headers)).status).toBe(401);
  });

  test('the page hands out a session, which needs its header and never shows plaintexts', async () => {
    const sandbox = await sandboxWith();
    const page = await fetch(`${sandbox.origin}/`);
    const cookie = page.headers.get('set-cookie') ?? '';
    expect(cookie).toMatch(/Path=\/control; HttpOnly; SameSite=Strict$/);
    const session = { cookie: cookie.split(';')[0] ?? '' };
    const header = { 'x-requested-with': 'sandbox' };
    expect((await call(sandbox, 'GET', 'faults', undefined, { ...session, ...header })).status).toBe(200);
    expect((await call(sandbox, 'GET', 'faults', undefined, session)).status).toBe(401);
    expect((await call(sandbox, 'GET', 'faults', undefined, header)).status).toBe(401);
    expect((await call(sandbox, 'GET', 'secrets', undefined, { ...session, ...header })).status).toBe(401);
  });

  test('the page loads nothing from elsewhere, and its policy allows just its own parts', async () => {
    const sandbox = await sandboxWith();
    const page = await fetch(`${sandbox.origin}/`);
    const html = await page.text();
    expect(html).not.toMatch(/<(script|link|img|iframe)[^>]+(src|href)="(?!data:)/);
    expect(html).not.toContain(adminToken);
    expect(html.match(/<script>/g)).toHaveLength(3);
    const policy = page.headers.get('content-security-policy') ?? '';
    expect(policy).toContain(`default-src 'none'`);
    expect(policy).not.toContain('unsafe');
    expect(policy.match(/'sha256-[^']+'/g)).toHaveLength(4);
  });

  test('a page asked for under a foreign name is refused', async () => {
    const sandbox = await sandboxWith();
    const status = await new Promise((resolve, reject) => {
      request(`${sandbox.origin}/`, { headers: { host: 'evil.example' } }, (response) => {
        response.resume();
        resolve(response.statusCode);
      })
        .once('error', reject)
        .end();
    });
    expect(status).toBe(403);
  });
});

describe('state', () => {
  const root = mkdtempSync(join(tmpdir(), 'cadenza-sandbox-'));
  afterAll(() => rmSync(root, { recursive: true, force: true }));
  let folder = '';
  beforeEach(() => {
    folder = mkdtempSync(join(root, 'state-'));
  });

  test('a restart goes on where it was, and the file holds no secret', async () => {
    const state = join(folder, 'state.json');
    const first = await registered({ state, demo: true });
    const token = first.control.addToken({ name: 'x', capabilities: ['CONNECTORAPI'] });
    const { id } = first.control.add({
      name: 'one',
      slug: 'virustotal',
      configuration: { VIRUSTOTAL_TOKEN: 's3cret' },
    });
    first.control.start(id);
    await ask(first, operations.status, { input: { id, status: 'started' } });
    await ask(first, operations.logs, { input: { id, logs: ['line'] } });
    first.control.setRules({ singleManager: false });
    const before = await list(first);
    const secrets = first.control.secrets();
    await first.close();

    const text = readFileSync(state, 'utf8');
    expect(secrets.length).toBeGreaterThan(8);
    for (const secret of [adminToken, token, ...secrets]) expect(text).not.toContain(secret);
    expect(readdirSync(folder)).toEqual(['state.json']);

    const second = await sandboxWith({ state, demo: true });
    expect(await list(second)).toEqual(before);
    expect(second.control.connector(id)).toMatchObject({ requested: 'starting', current: 'started', logs: ['line'] });
    expect(second.control.rules().singleManager).toBe(false);
    await register(second);
    expect(second.control.connectors()).toHaveLength(8);
  });

  test('changes reach the file by themselves', async () => {
    const state = join(folder, 'state.json');
    const sandbox = await registered({ state });
    sandbox.control.add({ name: 'one', image: 'a/b:1' });
    await vi.waitFor(() => expect(readFileSync(state, 'utf8')).toContain('"one"'), { timeout: 5000 });
    sandbox.control.add({ name: 'two', image: 'a/b:1' });
    await vi.waitFor(() => expect(readFileSync(state, 'utf8')).toContain('"two"'), { timeout: 5000 });
  });

  test('a file that cannot be read stops the start, with what to do', async () => {
    const state = join(folder, 'state.json');
    writeFileSync(state, '{"format":');
    await expect(sandboxWith({ state })).rejects.toThrow(/state\.json cannot be read .* delete it to start anew/);
  });

  test('as a process it says when it is ready, and saves on SIGTERM', async () => {
    const state = join(folder, 'state.json');
    const env = { ...process.env, CADENZA_SANDBOX_TOKEN: adminToken, CADENZA_SANDBOX_STATE: state };
    const child = spawn(process.execPath, ['--import', 'tsx', 'sandbox/main.ts'], { env });
    try {
      const [line] = (await once(createInterface(child.stdout), 'line')) as [string];
      const ready = JSON.parse(line) as { ready: boolean; url: string };
      expect(ready.ready).toBe(true);
      await register({ url: ready.url } as Sandbox);
      const ended = once(child, 'exit');
      child.kill('SIGTERM');
      expect(await ended).toEqual([0, null]);
      expect(readFileSync(state, 'utf8')).toContain('demo-crash-loop');
    } finally {
      child.kill('SIGKILL');
    }
  });

  test('as a process it wants a token', async () => {
    const { CADENZA_SANDBOX_TOKEN: _unset, ...env } = process.env;
    const child = spawn(process.execPath, ['--import', 'tsx', 'sandbox/main.ts'], { env });
    const [text] = (await once(child.stderr, 'data')) as [Buffer];
    expect(String(text)).toContain('CADENZA_SANDBOX_TOKEN is not set');
    expect((await once(child, 'exit'))[0]).toBe(2);
  });
});
