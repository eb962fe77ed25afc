import { generateKeyPairSync } from 'node:crypto';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { removeCgroups } from './cgroups.ts';

/** Below a cluster's folder, all but its logs. */
export const data = 'data';

/** Removes what a cluster kept in its folder, and the control groups of its pods; its logs stay. */
export function clear(dir: string): void {
  removeCgroups(join(dir, data, 'containerd-state'));
  rmSync(join(dir, data), { recursive: true, force: true });
}

/** Writes files by their names below that, for nobody else's eyes; scripts among them can be run. */
export function write(dir: string, files: Readonly<Record<string, string>>): void {
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(dir, data, name)), { recursive: true });
    writeFileSync(join(dir, data, name), text, { mode: 0o700 });
  }
}

/** The administrator, and the keys that sign the tokens of service accounts. */
export function identities(token: string): Readonly<Record<string, string>> {
  const { publicKey, privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  return {
    'tokens.csv': `${token},admin,admin,system:masters\n`,
    'accounts.key': privateKey.export({ type: 'pkcs8', format: 'pem' }) as string,
    'accounts.pub': publicKey.export({ type: 'spki', format: 'pem' }) as string,
  };
}
