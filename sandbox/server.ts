/** Starts the stand-in OpenCTI and OpenAEV on one loopback port. */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createAccess } from './access.ts';
import { type Control, createControl } from './control.ts';
import { handleGraphql } from './graphql.ts';
import { HttpError, sendJson } from './http.ts';
import { handleApi } from './openaev/api.ts';
import { loadPage } from './page.ts';
import { describe, handleControl } from './routes.ts';
import { keep } from './store.ts';
import { createWorld, type WorldOptions } from './world.ts';

export interface SandboxOptions extends WorldOptions {
  /** @default 0, a free port */
  readonly port?: number;
  /** @default '127.0.0.1' */
  readonly host?: string;
  /** File that holds the state; without one everything is forgotten at the end. */
  readonly state?: string;
  /** Prefix of the platform's own paths, such as `/opencti`; the control API and the page stay at the root. */
  readonly basePath?: string;
}

export interface Sandbox {
  /** Of both platforms, base path included, without `/graphql` and `/api`. */
  readonly url: string;
  /** Of the control API and the page: no base path. */
  readonly origin: string;
  readonly token: string;
  readonly control: Control;
  /** Cuts all connections and saves the state. */
  close(): Promise<void>;
}

const listen = (server: Server, port: number, host: string): Promise<AddressInfo> =>
  new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, () => resolve(server.address() as AddressInfo));
  });

export async function startSandbox(options: SandboxOptions): Promise<Sandbox> {
  const world = createWorld(options);
  const store = options.state === undefined ? undefined : keep(world, options.state);
  const control = createControl(world);
  const closing = new AbortController();
  const basePath = (options.basePath ?? '').replace(/\/+$/, '');
  const host = options.host ?? '127.0.0.1';
  const page = loadPage();
  let port = options.port ?? 0;
  const access = createAccess(world, () => port);

  const route = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const url = new URL(request.url ?? '/', 'http://sandbox');
    if (url.pathname === `${basePath}/graphql`) {
      if (request.method !== 'POST') throw new HttpError(405, 'send a POST');
      return handleGraphql(world, request, response, closing.signal);
    }
    if (url.pathname.startsWith(`${basePath}/api/`))
      return handleApi(world, request, response, url.pathname.slice(basePath.length + '/api/'.length), closing.signal);
    if (url.pathname.startsWith('/control/')) {
      const allowed = url.pathname === '/control/secrets' ? access.hasToken(request) : access.mayControl(request);
      if (!allowed) throw new HttpError(401, 'send the administrator token as Bearer, or open the page first');
      return handleControl(control, request, response, url);
    }
    if (url.pathname === '/' && request.method === 'GET') {
      if (!access.maySeePage(request)) throw new HttpError(403, 'the page is for a browser on this machine');
      response.writeHead(200, { ...page.headers, 'set-cookie': access.cookie() }).end(page.html);
      return;
    }
    throw new HttpError(404, 'not found');
  };

  const server = createServer((request, response) => {
    route(request, response).catch((error: unknown) => {
      const { status, message } = describe(error);
      if (status === 500) process.stderr.write(`sandbox: ${String(error)}\n`);
      if (!response.headersSent && !response.destroyed) sendJson(response, status, { error: message });
    });
  });
  // Longer than any client keeps a connection, so that none is closed under a request.
  server.keepAliveTimeout = 120_000;
  const address = await listen(server, port, host);
  port = address.port;
  const origin = `http://${host.includes(':') ? `[${host}]` : host}:${port}`;

  return {
    url: origin + basePath,
    origin,
    token: options.token,
    control,
    close: () =>
      new Promise((resolve) => {
        closing.abort();
        server.close(() => resolve());
        server.closeAllConnections();
        store?.close();
      }),
  };
}
