import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { request as plain } from 'node:http';
import { type RequestOptions, request as secured } from 'node:https';
import { homedir } from 'node:os';
import { join } from 'node:path';

type Environment = Readonly<Record<string, string | undefined>>;

/** Where the Docker client looks: DOCKER_HOST, else the context in use, else the default socket. */
export function engineHost(env: Environment): string {
  return env['DOCKER_HOST'] || contextHost(env) || 'unix:///var/run/docker.sock';
}

/** Address of the context that `docker context use` chose; undefined for the default one. */
function contextHost(env: Environment): string | undefined {
  const folder = env['DOCKER_CONFIG'] || join(env['HOME'] || homedir(), '.docker');
  const name =
    env['DOCKER_CONTEXT'] || (json(join(folder, 'config.json')) as { currentContext?: string })?.currentContext;
  if (!name || name === 'default') return undefined;
  const id = createHash('sha256').update(name).digest('hex');
  const meta = json(join(folder, 'contexts', 'meta', id, 'meta.json')) as
    { Endpoints?: { docker?: { Host?: string } } } | undefined;
  return meta?.Endpoints?.docker?.Host || undefined;
}

function json(file: string): unknown {
  try {
    return JSON.parse(readFileSync(file, 'utf8'));
  } catch {
    return undefined;
  }
}

/** True when an engine answers there (`unix://` or `tcp://`), with the client certificate of DOCKER_CERT_PATH if TLS is asked for. */
export function answers(host: string, env: Environment = process.env): Promise<boolean> {
  const target = endpoint(host, env);
  if (target === undefined) return Promise.resolve(false);
  return new Promise((resolve) => {
    const { request, ...options } = target;
    const call = request({ ...options, path: '/_ping', timeout: 2_000 }, (reply) => {
      reply.resume();
      resolve(reply.statusCode === 200);
    });
    call.on('timeout', () => call.destroy());
    call.on('error', () => resolve(false));
    call.end();
  });
}

function endpoint(
  host: string,
  env: Environment,
): (RequestOptions & { request: typeof plain | typeof secured }) | undefined {
  if (host.startsWith('unix://')) return { request: plain, socketPath: host.slice('unix://'.length) };
  if (!/^(tcp|https?):/.test(host) || !URL.canParse(host)) return undefined;
  const { hostname, port, protocol } = new URL(host);
  if (!env['DOCKER_TLS_VERIFY'] && protocol !== 'https:') return { request: plain, hostname, port: port || 2375 };
  const folder = env['DOCKER_CERT_PATH'];
  const pem = (name: string) => {
    const file = join(folder ?? '', name);
    return folder && existsSync(file) ? readFileSync(file) : undefined;
  };
  return {
    request: secured,
    hostname,
    port: port || 2376,
    ca: pem('ca.pem'),
    cert: pem('cert.pem'),
    key: pem('key.pem'),
  };
}
