import { generateKeyPair, randomBytes, randomUUID } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { stringify } from 'yaml';
import { writeAtomic } from './files.ts';

const makeKey = promisify(generateKeyPair);

/** What the sandbox and the worker share: made once per state folder, readable by its owner only. */
export interface SandboxSecrets {
  readonly token: string;
  readonly managerId: string;
  readonly keyFile: string;
}

export async function sandboxSecrets(home: string): Promise<SandboxSecrets> {
  const folder = join(home, 'sandbox');
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const kept = (name: string, make: () => string): string => {
    const file = join(folder, name);
    if (!existsSync(file)) writeAtomic(file, `${make()}\n`);
    return readFileSync(file, 'utf8').trim();
  };
  const keyFile = join(folder, 'private_key.pem');
  // Seconds of work, which libuv does aside.
  if (!existsSync(keyFile)) writeAtomic(keyFile, (await makeKey('rsa', keyOptions)).privateKey);
  return {
    token: kept('token', () => randomBytes(24).toString('hex')),
    managerId: kept('manager-id', randomUUID),
    keyFile,
  };
}

const keyOptions = {
  modulusLength: 4096,
  publicKeyEncoding: { type: 'spki', format: 'pem' },
  privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
} as const;

export interface Places {
  readonly url: string;
  readonly dockerHost: string;
  readonly temporal: { readonly address: string; readonly namespace: string };
}

/** The worker's configuration for the sandbox, in the product's own layout. Answers with the file's path. */
export function writeSandboxConfig(home: string, secrets: SandboxSecrets, places: Places): string {
  // Both stand-ins are one process with one administrator.
  const platform = {
    enable: true,
    url: places.url,
    token: secrets.token,
    daemon: {
      selector: 'docker',
      // The demo image is imported, never pulled. The sandbox listens on loopback, which is the host's network only.
      docker: { host: places.dockerHost, pull_policy: 'missing', network_mode: 'host' },
    },
  };
  const config = {
    manager: {
      id: secrets.managerId,
      name: 'Cadenza sandbox',
      credentials_key_filepath: secrets.keyFile,
      logger: { directory: false },
    },
    opencti: platform,
    openaev: platform,
    temporal: places.temporal,
  };
  const file = join(home, 'sandbox', 'config.yaml');
  writeAtomic(file, `# Made by npm start for the sandbox, again at every start.\n${stringify(config)}`);
  return file;
}
