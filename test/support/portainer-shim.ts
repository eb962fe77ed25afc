import { type IncomingMessage, type RequestListener, createServer, request } from 'node:http';
import { createServer as createSecureServer } from 'node:https';
import { type AddressInfo, type Socket, connect } from 'node:net';

/** What of Portainer the runtime uses: one environment of Docker behind a key, in front of a real engine. */
export interface Shim {
  readonly url: string;
  /** Of every request that was passed on: method and path on the engine. */
  readonly passed: readonly { readonly call: string; readonly headers: IncomingMessage['headers'] }[];
  /** The environment is deleted, or there again. */
  environment(there: boolean): void;
  /** From now on requests get no answer. */
  silence(on: boolean): void;
  close(): Promise<void>;
}

const prefix = /^\/api\/endpoints\/(\d+)\/docker(\/.*)$/;

export async function startShim(options: {
  /** Path of the engine's socket. */
  readonly socket: string;
  readonly key: string;
  readonly environmentId: string;
  /** Speaks TLS with this certificate. */
  readonly tls?: { readonly key: string; readonly cert: string };
  /** Path Portainer lives under, such as `/portainer`. */
  readonly base?: string;
}): Promise<Shim> {
  const passed: { call: string; headers: IncomingMessage['headers'] }[] = [];
  const { base = '' } = options;
  let there = true;
  let silent = false;
  /** The engine's path, or Portainer's own answer. */
  const route = (incoming: IncomingMessage): string | readonly [number, object] => {
    const url = incoming.url ?? '';
    if (!url.startsWith(base)) return [404, { message: 'not here' }];
    if (incoming.headers['x-api-key'] !== options.key)
      return [401, { message: 'A valid authorisation token is missing', details: 'Unauthorized' }];
    const [, id, path] = prefix.exec(url.slice(base.length)) ?? [];
    if (path === undefined || id !== options.environmentId || !there)
      return [404, { message: 'Unable to find an environment', details: 'object not found inside the database' }];
    passed.push({ call: `${incoming.method} ${path}`, headers: incoming.headers });
    return path;
  };
  const listener: RequestListener = (incoming, outgoing) => {
    if (silent) return;
    const to = route(incoming);
    if (typeof to !== 'string') {
      outgoing.writeHead(to[0], { 'content-type': 'application/json' }).end(JSON.stringify(to[1]));
      return;
    }
    const { 'x-api-key': _, ...headers } = incoming.headers;
    const call = request({ socketPath: options.socket, path: to, method: incoming.method, headers }, (answer) => {
      outgoing.writeHead(answer.statusCode ?? 502, answer.headers);
      outgoing.flushHeaders();
      answer.on('error', () => outgoing.destroy());
      answer.pipe(outgoing);
    });
    call.on('error', () => outgoing.writeHead(502).end('{"message":"Unable to proxy the request"}'));
    outgoing.on('close', () => call.destroy());
    incoming.pipe(call);
  };
  const server = options.tls === undefined ? createServer(listener) : createSecureServer(options.tls, listener);
  server.on('upgrade', (incoming: IncomingMessage, socket: Socket) => {
    const to = route(incoming);
    if (typeof to !== 'string') return void socket.end(`HTTP/1.1 ${to[0]} Refused\r\n\r\n`);
    const engine = connect(options.socket, () => {
      const headers = Object.entries(incoming.headers).map(([k, v]) => `${k}: ${String(v)}`);
      engine.write(`${incoming.method} ${to} HTTP/1.1\r\n${headers.join('\r\n')}\r\n\r\n`);
      engine.pipe(socket).pipe(engine);
    });
    engine.on('error', () => socket.destroy());
    socket.on('error', () => engine.destroy());
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `${options.tls === undefined ? 'http' : 'https'}://127.0.0.1:${(server.address() as AddressInfo).port}${base}`,
    passed,
    environment: (on) => (there = on),
    silence: (on) => (silent = on),
    close: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
