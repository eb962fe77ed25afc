import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { request } from 'node:http';
import { request as secured } from 'node:https';
import { homedir } from 'node:os';
import { join } from 'node:path';

/**
 * Address of the engine that is there already: at DOCKER_HOST, in the Docker client's context, or at the default socket.
 * The same search as tools/host.ts, which cannot be used before it is compiled.
 */
export async function answeringEngine(env = process.env) {
  const standard = 'unix:///var/run/docker.sock';
  const candidates = env.DOCKER_HOST ? [env.DOCKER_HOST] : [contextHost(env), standard];
  for (const host of candidates) if (host && (await pings(host, env))) return host;
  return undefined;
}

function contextHost(env) {
  const folder = env.DOCKER_CONFIG || join(env.HOME || homedir(), '.docker');
  const name = env.DOCKER_CONTEXT || json(join(folder, 'config.json'))?.currentContext;
  if (!name || name === 'default') return undefined;
  const id = createHash('sha256').update(name).digest('hex');
  return json(join(folder, 'contexts', 'meta', id, 'meta.json'))?.Endpoints?.docker?.Host;
}

function json(file) {
  try {
    return JSON.parse(readFileSync(file, 'utf8'));
  } catch {
    return undefined;
  }
}

function pings(host, env) {
  const target = endpoint(host, env);
  if (target === undefined) return false;
  return new Promise((resolve) => {
    const { call, ...options } = target;
    const asked = call({ ...options, path: '/_ping', timeout: 2_000 }, (answer) => {
      answer.resume();
      resolve(answer.statusCode === 200);
    });
    asked.on('timeout', () => asked.destroy());
    asked.on('error', () => resolve(false));
    asked.end();
  });
}

function endpoint(host, env) {
  if (host.startsWith('unix://')) return { call: request, socketPath: host.slice('unix://'.length) };
  if (!/^(tcp|https?):/.test(host) || !URL.canParse(host)) return undefined;
  const { hostname, port, protocol } = new URL(host);
  if (!env.DOCKER_TLS_VERIFY && protocol !== 'https:') return { call: request, hostname, port: port || 2375 };
  const pem = (name) => {
    const file = join(env.DOCKER_CERT_PATH ?? '', name);
    return env.DOCKER_CERT_PATH && existsSync(file) ? readFileSync(file) : undefined;
  };
  return { call: secured, hostname, port: port || 2376, ca: pem('ca.pem'), cert: pem('cert.pem'), key: pem('key.pem') };
}
