import { randomBytes, randomUUID, generateKeyPair } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { parse, stringify } from 'yaml';
import { writeAtomic } from './files.ts';

/** What the sandbox needs in the state folder; made on the first start and kept. */
export interface Demo {
  readonly token: string;
  readonly state: string;
  readonly keyFile: string;
  readonly configFile: string;
  readonly managerId: string;
}

const makeKeys = promisify(generateKeyPair);

/** Token, private key and id of the sandbox's manager. A 4096 bit key takes a second or two, so it is made aside. */
export async function prepareDemo(home: string): Promise<Demo> {
  const folder = join(home, 'sandbox');
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const tokenFile = join(folder, 'token');
  if (!existsSync(tokenFile)) writeAtomic(tokenFile, `${randomBytes(24).toString('hex')}\n`);
  const keyFile = join(folder, 'private_key.pem');
  if (!existsSync(keyFile)) {
    const pem = await makeKeys('rsa', {
      modulusLength: 4096,
      privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
      publicKeyEncoding: { type: 'spki', format: 'pem' },
    });
    writeAtomic(keyFile, pem.privateKey);
  }
  const configFile = join(folder, 'config.yaml');
  return {
    token: readFileSync(tokenFile, 'utf8').trim(),
    state: join(folder, 'state.json'),
    keyFile,
    configFile,
    managerId: keptId(configFile) ?? randomUUID(),
  };
}

function keptId(file: string): string | undefined {
  try {
    const id: unknown = (parse(readFileSync(file, 'utf8')) as { manager?: { id?: unknown } } | null)?.manager?.id;
    return typeof id === 'string' && id !== '' ? id : undefined;
  } catch {
    return undefined;
  }
}

/** The configuration with which the worker manages the sandbox's connectors. */
export function writeDemoConfig(
  demo: Demo,
  at: { readonly url: string; readonly dockerHost: string; readonly temporal: { readonly address: string; readonly namespace: string } },
): void {
  const config = {
    manager: {
      id: demo.managerId,
      name: 'Cadenza',
      credentials_key_filepath: demo.keyFile,
      logger: { directory: false },
    },
    opencti: {
      enable: true,
      url: at.url,
      token: demo.token,
      daemon: { selector: 'docker', docker: { host: at.dockerHost, pull_policy: 'missing', network_mode: 'host' } },
    },
    openaev: { enable: false },
    temporal: at.temporal,
  };
  const head = '# Made for the sandbox by `npm start`, and again at every start; only manager.id is kept.\n';
  writeAtomic(demo.configFile, head + stringify(config));
}
