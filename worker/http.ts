import { timingSafeEqual } from 'node:crypto';
import { type IncomingMessage, type Server, type ServerResponse, createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type Decoder, decodeRoute } from './decode.ts';

/** What the worker's HTTP port serves; each part is handed in, so that the routes know nothing of how it is made. */
export interface HttpParts {
  /** Reasons why the worker is not ready; empty: ready. */
  readonly unready: () => readonly string[];
  /** Reasons why a supervised loop is dead; empty: alive. */
  readonly dead: () => readonly string[];
  /** Prometheus text. */
  readonly metrics: () => Promise<string>;
  /** Streams the log of one connector as text lines; throws a `Problem`. */
  readonly logs: (
    platform: string,
    id: string,
    tail: number,
    follow: boolean,
    signal: AbortSignal,
  ) => AsyncIterable<string>;
  readonly doctor: () => Promise<unknown>;
  /** What runs compared with what its tags stand for now, of every platform. */
  readonly drift: (signal: AbortSignal) => Promise<unknown>;
  /** Bearer token of the `/v1` routes, kept in a file only the operator can read. */
  readonly token: string;
  /** There when payloads are encrypted. */
  readonly decode?: Decoder;
}

/** Health, metrics and the operator's local routes. */
export async function serveHttp(
  host: string,
  port: number,
  parts: HttpParts,
): Promise<{ readonly server: Server; readonly port: number }> {
  const server = createServer((request, response) => {
    route(request, response, parts).catch((error: unknown) => {
      if (response.headersSent) response.destroy();
      else
        json(response, 500, {
          error: { kind: kindOf(error), message: error instanceof Error ? error.message : 'failed' },
        });
    });
  });
  server.requestTimeout = 0;
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, resolve);
  });
  return { server, port: (server.address() as AddressInfo).port };
}

const kindOf = (error: unknown): string => (error instanceof Error ? error.name : 'Unexpected');

function json(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { 'content-type': 'application/json', 'cache-control': 'no-store' });
  response.end(`${JSON.stringify(body)}\n`);
}

function allowed(request: IncomingMessage, token: string): boolean {
  const given = Buffer.from((request.headers.authorization ?? '').replace(/^Bearer /, ''));
  const wanted = Buffer.from(token);
  return given.length === wanted.length && timingSafeEqual(given, wanted);
}

async function route(request: IncomingMessage, response: ServerResponse, parts: HttpParts): Promise<void> {
  const url = new URL(request.url ?? '/', 'http://worker');
  if (url.pathname === '/codec/decode' && parts.decode !== undefined)
    return decodeRoute(request, response, parts.decode);
  if (request.method !== 'GET')
    return json(response, 405, { error: { kind: 'InvalidRequest', message: 'only GET is served here' } });
  switch (url.pathname) {
    case '/health/live': {
      const reasons = parts.dead();
      return json(response, reasons.length === 0 ? 200 : 503, { live: reasons.length === 0, reasons });
    }
    case '/health/ready': {
      const reasons = parts.unready();
      return json(response, reasons.length === 0 ? 200 : 503, { ready: reasons.length === 0, reasons });
    }
    case '/metrics':
      response.writeHead(200, { 'content-type': 'text/plain; version=0.0.4; charset=utf-8' });
      response.end(await parts.metrics());
      return;
    default:
  }
  if (!url.pathname.startsWith('/v1/'))
    return json(response, 404, { error: { kind: 'NotFound', message: 'no such route' } });
  if (!allowed(request, parts.token))
    return json(response, 401, {
      error: { kind: 'NotPermitted', message: 'the bearer token of worker.token in the state folder is needed' },
    });
  if (url.pathname === '/v1/doctor') return json(response, 200, await parts.doctor());
  if (url.pathname === '/v1/drift') {
    const gone = new AbortController();
    response.once('close', () => gone.abort());
    return json(response, 200, await parts.drift(gone.signal));
  }
  const logs = /^\/v1\/connectors\/([^/]+)\/([^/]+)\/logs$/.exec(url.pathname);
  if (logs === null) return json(response, 404, { error: { kind: 'NotFound', message: 'no such route' } });
  const tail = Math.min(Math.max(Number(url.searchParams.get('tail') ?? 100) || 100, 1), 10_000);
  const follow = ['1', 'true'].includes(url.searchParams.get('follow') ?? '');
  const ended = new AbortController();
  response.once('close', () => ended.abort());
  const [platform, id] = logs.slice(1).map(decoded);
  if (platform === undefined || id === undefined)
    return json(response, 404, { error: { kind: 'NotFound', message: 'no such route' } });
  try {
    for await (const line of parts.logs(platform, id, tail, follow, ended.signal)) {
      if (!response.headersSent) response.writeHead(200, { 'content-type': 'text/plain; charset=utf-8' });
      response.write(`${line}\n`);
    }
  } catch (error) {
    if (ended.signal.aborted) return;
    throw error;
  }
  if (!response.headersSent) response.writeHead(200, { 'content-type': 'text/plain; charset=utf-8' });
  response.end();
}

/** `undefined` for text that is no percent-encoding. */
function decoded(text: string): string | undefined {
  try {
    return decodeURIComponent(text);
  } catch {
    return undefined;
  }
}
