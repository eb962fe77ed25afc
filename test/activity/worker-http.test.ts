import type { Server } from 'node:http';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { retryable } from '../../model/errors.ts';
import { type HttpParts, serveHttp } from '../../worker/http.ts';

const token = 'local-t0ken';

describe("the worker's HTTP port", () => {
  let server: Server;
  let base: string;
  let parts: { -readonly [K in keyof HttpParts]: HttpParts[K] };
  let asked: unknown[];

  beforeEach(async () => {
    asked = [];
    parts = {
      unready: () => [],
      dead: () => [],
      metrics: () => Promise.resolve('cadenza_up 1\n'),
      logs: async function* logs(platform, id, tail, follow) {
        asked.push({ platform, id, tail, follow });
        yield 'one';
        yield await Promise.resolve('two');
      },
      drift: () => Promise.resolve([]),
      doctor: () => Promise.resolve([{ name: 'key', ok: true }]),
      token,
    };
    // Read at each request, so that a test can change a part.
    const live = new Proxy({} as HttpParts, { get: (_, name) => parts[name as keyof HttpParts] });
    const served = await serveHttp('127.0.0.1', 0, live);
    server = served.server;
    base = `http://127.0.0.1:${served.port}`;
  });
  afterEach(() => {
    server.closeAllConnections();
    server.close();
  });

  const get = (path: string, bearer: string | undefined = token, more: RequestInit = {}): Promise<Response> =>
    fetch(`${base}${path}`, { ...more, ...(bearer === '' ? {} : { headers: { authorization: `Bearer ${bearer}` } }) });
  const logs = '/v1/connectors/opencti/c1/logs';

  test('health: 200, or 503 with the reasons; no token asked', async () => {
    const health = async (path: string) => {
      const response = await get(path, '');
      return [response.status, await response.json()];
    };
    expect(await health('/health/live')).toEqual([200, { live: true, reasons: [] }]);
    expect(await health('/health/ready')).toEqual([200, { ready: true, reasons: [] }]);
    parts.unready = () => ['the platform does not answer'];
    expect(await health('/health/live')).toEqual([200, { live: true, reasons: [] }]);
    expect(await health('/health/ready')).toEqual([503, { ready: false, reasons: ['the platform does not answer'] }]);
    parts.dead = () => ['the poll of opencti'];
    expect(await health('/health/live')).toEqual([503, { live: false, reasons: ['the poll of opencti'] }]);
  });

  test('metrics as Prometheus reads them', async () => {
    const response = await get('/metrics', '');
    expect(response.headers.get('content-type')).toContain('version=0.0.4');
    expect(await response.text()).toBe('cadenza_up 1\n');
  });

  test.each([
    ['', 401],
    ['wrong', 401],
    ['wrong-t0ken', 401],
    [`${token}x`, 401],
    [token, 200],
  ])('the operator\'s routes with the token "%s": %i', async (bearer, status) => {
    for (const path of [logs, '/v1/doctor']) {
      const response = await get(path, bearer);
      expect(response.status).toBe(status);
      expect((await response.text()).includes(token)).toBe(false);
    }
  });

  test('what is not served: 404, also behind the token; 405 for another method', async () => {
    const kind = async (response: Promise<Response>) => {
      const { status, body } = await response.then(async (r) => ({
        status: r.status,
        body: (await r.json()) as object,
      }));
      return [status, body];
    };
    const none = [404, { error: { kind: 'NotFound', message: 'no such route' } }];
    expect(await kind(get('/'))).toEqual(none);
    expect(await kind(get('/v1/other'))).toEqual(none);
    expect(await kind(get('/v1/connectors/opencti/c1'))).toEqual(none);
    expect(await kind(get('/v1/other', ''))).toMatchObject([401, {}]);
    expect(await kind(get('/health/live', '', { method: 'POST' }))).toMatchObject([405, {}]);
  });

  test('an address that is no percent-encoding is not served', async () => {
    expect((await get('/v1/connectors/opencti/%E0%A4%A/logs')).status).toBe(404);
  });

  test('the doctor answers with its list, never kept by a cache', async () => {
    const response = await get('/v1/doctor');
    expect(response.headers.get('cache-control')).toBe('no-store');
    expect(await response.json()).toEqual([{ name: 'key', ok: true }]);
  });

  test('a log comes as text, with what was asked for kept within bounds', async () => {
    expect(await (await get(logs)).text()).toBe('one\ntwo\n');
    for (const query of ['?tail=5&follow=1', '?tail=0', '?tail=99999&follow=true', '?tail=x&follow=no', '?tail=-3'])
      await (await get(`${logs}${query}`)).text();
    await (await get('/v1/connectors/openaev/a%2Fb/logs')).text();
    const one = { platform: 'opencti', id: 'c1', follow: false };
    expect(asked).toEqual([
      { ...one, tail: 100 },
      { ...one, tail: 5, follow: true },
      { ...one, tail: 100 },
      { ...one, tail: 10_000, follow: true },
      { ...one, tail: 100 },
      { ...one, tail: 1 },
      { platform: 'openaev', id: 'a/b', tail: 100, follow: false },
    ]);
  });

  test('an empty log is an empty text', async () => {
    parts.logs = async function* logs() {};
    const response = await get(logs);
    expect([response.status, await response.text()]).toEqual([200, '']);
  });

  test('a problem before the first line is told as JSON; one in the midst cuts the answer', async () => {
    parts.logs = async function* logs() {
      yield* [];
      throw retryable('RuntimeUnavailable', 'the engine does not answer');
    };
    const response = await get(logs);
    expect(response.status).toBe(500);
    expect(await response.json()).toEqual({
      error: { kind: 'RuntimeUnavailable', message: 'the engine does not answer' },
    });
    parts.logs = async function* logs() {
      yield 'one';
      throw retryable('RuntimeUnavailable', 'the engine went away');
    };
    await expect(get(logs).then((r) => r.text())).rejects.toThrow();
    expect((await get('/health/live')).status).toBe(200);
  });

  test('one who follows and goes away ends the following', async () => {
    let ended = false;
    parts.logs = async function* logs(_platform, _id, _tail, _follow, signal) {
      yield 'first';
      await new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve()));
      ended = true;
      signal.throwIfAborted();
    };
    const leaving = new AbortController();
    const response = await get(`${logs}?follow=1`, token, { signal: leaving.signal });
    const { value } = (await response.body?.getReader().read()) ?? {};
    expect(Buffer.from(value ?? []).toString()).toBe('first\n');
    leaving.abort();
    await vi.waitFor(() => expect(ended).toBe(true), { timeout: 5_000 });
  });

  test('a port that is taken is an error at the start', async () => {
    const port = Number(new URL(base).port);
    await expect(serveHttp('127.0.0.1', port, parts)).rejects.toMatchObject({ code: 'EADDRINUSE' });
  });
});
