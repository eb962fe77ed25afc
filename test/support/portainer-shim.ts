import { type IncomingHttpHeaders, type IncomingMessage, type RequestListener, createServer, request } from 'node:http';
import { createServer as createSecureServer } from 'node:https';
import type { AddressInfo } from 'node:net';

/** What a shim does instead of passing a request on. */
export type Fault =
  | { readonly kind: 'silent' }
  | { readonly kind: 'answer'; readonly status: number; readonly type: string; readonly body: string };

export interface ShimOptions {
  /** Path of the engine's socket. */
  readonly socket: string;
  readonly key: string;
  readonly environmentId: string;
  /** Speaks TLS with this certificate. */
  readonly tls?: { readonly key: string; readonly cert: string };
  /** Path Portainer lives under, such as `/portainer`. */
  readonly base?: string;
  /** Credentials of the registries it has stored. */
  readonly registries?: Readonly<Record<number, object>>;
  /** The versions of an engine that speaks no others, such as `1.41`. */
  readonly versions?: { readonly least: string; readonly most: string };
}

/** What of Portainer the runtime uses: one environment of Docker behind a key, in front of a real engine. */
export interface Shim {
  readonly url: string;
  /** Every request that reached the engine: method, path, and the headers it came with. */
  readonly passed: readonly { readonly call: string; readonly headers: IncomingHttpHeaders }[];
  /** The environment is deleted, or there again. */
  environment(there: boolean): void;
  /** The next so many requests (all) whose path contains this meet the fault; `undefined`: none does. */
  fail(fault: Fault | undefined, path?: string, times?: number): void;
  close(): Promise<void>;
}

type Reply = readonly [status: number, body: object];

const prefix = /^\/api\/endpoints\/(\d+)\/docker(\/.*)$/;
const version = /^\/v(\d+\.\d+)\//;

export async function startShim(options: ShimOptions): Promise<Shim> {
  const { base = '' } = options;
  const passed: { call: string; headers: IncomingHttpHeaders }[] = [];
  let times = 0;
  let there = true;
  let fault: Fault | undefined;
  let faulty = '';
  /** The engine's path, or Portainer's own answer. */
  const route = (incoming: IncomingMessage): string | Reply => {
    const url = incoming.url ?? '';
    if (!url.startsWith(base)) return [404, { message: 'not here' }];
    if (incoming.headers['x-api-key'] !== options.key)
      return [401, { message: 'A valid authorization token is missing', details: 'Unauthorized' }];
    const [, id, path] = prefix.exec(url.slice(base.length)) ?? [];
    if (path === undefined || id !== options.environmentId || !there)
      return [
        404,
        {
          message: 'Unable to find an environment with the specified identifier inside the database',
          details: 'object not found inside the database',
        },
      ];
    return tooOldOrNew(path, options.versions) ?? path;
  };
  const listener: RequestListener = (incoming, outgoing) => {
    if (fault !== undefined && times > 0 && (incoming.url ?? '').includes(faulty)) {
      times -= 1;
      if (fault.kind === 'answer') outgoing.writeHead(fault.status, { 'content-type': fault.type }).end(fault.body);
      return;
    }
    const to = route(incoming);
    if (typeof to !== 'string') {
      outgoing.writeHead(to[0], { 'content-type': 'application/json' }).end(JSON.stringify(to[1]));
      return;
    }
    const { 'x-api-key': _, ...headers } = incoming.headers;
    const auth = registryAuth(headers['x-registry-auth'], options.registries);
    if (auth === null) return void outgoing.writeHead(502).end();
    if (auth !== undefined) headers['x-registry-auth'] = auth;
    passed.push({ call: `${incoming.method} ${to}`, headers: incoming.headers });
    const speaks = to === '/version' ? options.versions : undefined;
    const path = options.versions === undefined ? to : to.replace(version, '/');
    const call = request({ socketPath: options.socket, path, method: incoming.method, headers }, (answer) => {
      answer.on('error', () => outgoing.destroy());
      if (speaks !== undefined) return void restated(answer, speaks).then((body) => outgoing.end(body));
      outgoing.writeHead(answer.statusCode ?? 502, answer.headers);
      outgoing.flushHeaders();
      answer.pipe(outgoing);
    });
    // As the proxy of Portainer's language does it: a bare status.
    call.on('error', () => (outgoing.headersSent ? outgoing.destroy() : outgoing.writeHead(502).end()));
    outgoing.on('close', () => call.destroy());
    incoming.pipe(call);
  };
  const server = options.tls === undefined ? createServer(listener) : createSecureServer(options.tls, listener);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const scheme = options.tls === undefined ? 'http' : 'https';
  return {
    url: `${scheme}://127.0.0.1:${(server.address() as AddressInfo).port}${base}`,
    passed,
    environment: (on) => void (there = on),
    fail: (what, path = '', most = Infinity) => {
      fault = what;
      faulty = path;
      times = most;
    },
    close: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/** Portainer reads the header as standard Base64 and puts stored credentials into it; `null`: it cannot read it. */
function registryAuth(
  header: string | string[] | undefined,
  stored: ShimOptions['registries'],
): string | undefined | null {
  if (typeof header !== 'string') return undefined;
  if (!/^[A-Za-z0-9+/]*={0,2}$/.test(header)) return null;
  const { registryId } = JSON.parse(Buffer.from(header, 'base64').toString()) as { registryId?: number };
  if (registryId === undefined) return header;
  return Buffer.from(JSON.stringify(stored?.[registryId] ?? {})).toString('base64url');
}

/** The engine's own words for a version it does not speak. */
function tooOldOrNew(path: string, versions: ShimOptions['versions']): Reply | undefined {
  const [, asked] = version.exec(path) ?? [];
  if (asked === undefined || versions === undefined) return undefined;
  const minor = (version: string): number => Number(version.split('.')[1]);
  const words = (what: string): Reply => [400, { message: `client version ${asked} is too ${what}` }];
  if (minor(asked) > minor(versions.most)) return words(`new. Maximum supported API version is ${versions.most}`);
  return minor(asked) < minor(versions.least)
    ? words(`old. Minimum supported API version is ${versions.least}`)
    : undefined;
}

/** What the engine says of itself, but for its versions. */
async function restated(answer: IncomingMessage, { least, most }: { least: string; most: string }): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of answer) chunks.push(chunk as Buffer);
  const said = JSON.parse(Buffer.concat(chunks).toString()) as object;
  return JSON.stringify({ ...said, ApiVersion: most, MinAPIVersion: least });
}
