import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import type { CodecKeys } from '../codec/aes.ts';
import { cause } from './files.ts';
import { envName } from './keys.ts';
import type { ConfigProblem } from './problem.ts';
import type { TemporalConfig } from './schema.ts';
import { aesKey } from './temporal.ts';

const path = 'temporal.payload_encryption_key_filepath';

/** Keys for what Temporal stores of workflows. A file wins over the text; its path is relative to `cwd`. */
export function encryptionKeys(
  temporal: TemporalConfig,
  cwd: string,
): { readonly keys: CodecKeys; readonly problems: readonly ConfigProblem[] } {
  const { payload_encryption_key: inline, payload_encryption_key_filepath: file } = temporal;
  const previous = temporal.payload_encryption_previous_keys.map((key) => Buffer.from(key, 'base64'));
  const current = file === undefined ? inline : fromFile(resolve(cwd, file));
  if (typeof current === 'object')
    return { keys: { previous }, problems: [{ path, env: envName(path), value: file ?? '', ...current }] };
  return {
    keys: { ...(current === undefined ? {} : { current: Buffer.from(current, 'base64') }), previous },
    problems: [],
  };
}

function fromFile(file: string): string | { readonly reason: string; readonly fix: string } {
  try {
    const parsed = aesKey.safeParse(readFileSync(file, 'utf8'));
    return parsed.success
      ? parsed.data
      : { reason: 'does not hold 32 bytes in Base64', fix: 'make one with: openssl rand -base64 32 > payload.key' };
  } catch (error) {
    return {
      reason: `cannot be read (${cause(error)})`,
      fix: 'give a file that the user of this process may read',
    };
  }
}
