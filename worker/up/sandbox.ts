import { generateKeyPair, randomBytes, randomUUID } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { promisify } from 'node:util';
import { stringify } from 'yaml';
import type { Home } from './home.ts';

const makeKey = promisify(generateKeyPair);

/** What the sandbox platform and the worker share: made once per state folder, kept for its owner only. */
export interface SandboxSecrets {
  readonly token: string;
  readonly managerId: string;
  readonly keyFile: string;
}

export async function sandboxSecrets(home: Home): Promise<SandboxSecrets> {
  mkdirSync(home.path('sandbox'), { recursive: true, mode: 0o700 });
  const kept = (name: string, make: () => string): string => {
    const file = home.path('sandbox', name);
    if (!existsSync(file)) writeFileSync(file, make(), { mode: 0o600 });
    return readFileSync(file, 'utf8').trim();
  };
  const keyFile = home.path('sandbox', 'private_key.pem');
  if (!existsSync(keyFile)) {
    const { privateKey } = await makeKey('rsa', {
      modulusLength: 4096,
      publicKeyEncoding: { type: 'spki', format: 'pem' },
      privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
    });
    writeFileSync(keyFile, privateKey, { mode: 0o600 });
  }
  return {
    token: kept('token', () => randomBytes(24).toString('hex')),
    managerId: kept('manager-id', randomUUID),
    keyFile,
  };
}

/** The worker's configuration for the sandbox, in the product's own layout. */
export function writeSandboxConfig(
  home: Home,
  secrets: SandboxSecrets,
  places: {
    readonly url: string;
    readonly dockerHost: string;
    readonly privateEngine: boolean;
    readonly temporal: string;
    readonly namespace: string;
    readonly httpPort: number;
  },
): string {
  const file = home.path('sandbox', 'config.yaml');
  const config = {
    manager: {
      id: secrets.managerId,
      name: 'Cadenza sandbox',
      credentials_key_filepath: secrets.keyFile,
      logger: { directory: false, format: 'json' },
      http: { port: places.httpPort },
    },
    opencti: {
      enable: true,
      url: places.url,
      token: secrets.token,
      daemon: {
        selector: 'docker',
        // The demo image is imported, never pulled; a private engine has no bridge network.
        docker: {
          host: places.dockerHost,
          pull_policy: 'missing',
          ...(places.privateEngine ? { network_mode: 'host' } : {}),
        },
      },
    },
    openaev: { enable: false },
    temporal: { address: places.temporal, namespace: places.namespace },
  };
  writeFileSync(file, stringify(config), { mode: 0o600 });
  return file;
}

interface Shown {
  readonly name: string;
  readonly requested: string;
  readonly current: string | null;
  readonly statusCount: number;
}

/** Demo connectors that are wanted up and not reported started yet; undefined while the sandbox cannot be asked. */
export async function demoProgress(
  url: string,
  token: string,
): Promise<{ readonly wanted: number; readonly late: readonly string[] } | undefined> {
  try {
    const answer = await fetch(`${url}/control/connectors`, {
      headers: { authorization: `Bearer ${token}` },
      signal: AbortSignal.timeout(3_000),
    });
    const list = (await answer.json()) as readonly Shown[];
    if (list.length === 0) return undefined;
    // A connector in a reboot loop was up once: that is all one can ask of it.
    const wanted = list.filter((c) => c.requested === 'starting');
    const late = wanted.filter((c) => c.current !== 'started' && !(c.current === 'stopped' && c.statusCount > 1));
    return { wanted: wanted.length, late: late.map((c) => c.name) };
  } catch {
    return undefined;
  }
}
