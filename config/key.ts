import { createPrivateKey, createPublicKey, type KeyObject } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { cause } from './files.ts';
import type { ConfigProblem } from './problem.ts';
import type { ManagerConfig } from './schema.ts';

export interface Keys {
  /** The present private key, then former ones in their order. Empty when the present one has a fault. */
  readonly keys: readonly KeyObject[];
  /** PEM with LF line ends; OpenCTI takes PKCS#1 (`BEGIN RSA PUBLIC KEY`), OpenAEV SPKI (`BEGIN PUBLIC KEY`). */
  readonly publicKeys?: { readonly pkcs1: string; readonly spki: string };
  readonly problems: readonly ConfigProblem[];
  readonly warnings: readonly string[];
}

const leastBits = 2_048;
const mostBits = 8_192;
/** Smaller ones are taken with a warning; 4096 is the advice, and what a return to XTM Composer needs. */
const advisedBits = 3_072;

const make = 'make one with: openssl genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:4096 -out private_key.pem';

/** Loads the manager's private keys. Paths are relative to `cwd`. */
export function loadKeys(manager: ManagerConfig, cwd: string): Keys {
  const problems: ConfigProblem[] = [];
  const warnings: string[] = [];
  const take = (text: string | ConfigProblem, from: Source): KeyObject | undefined => {
    const key = typeof text === 'string' ? readKey(text, from) : text;
    if (!('key' in key)) return void problems.push(key);
    if (key.bits < advisedBits) warnings.push(`${from.path}: the key has only ${key.bits} bits; 4096 are recommended`);
    return key.key;
  };

  const { credentials_key: inline, credentials_key_filepath: path } = manager;
  const [byPath, byText] = [source('credentials_key_filepath', path), source('credentials_key')];
  if (path !== undefined && inline !== undefined)
    warnings.push(`${byPath.path} and ${byText.path} are both set; the file counts`);
  const present =
    path !== undefined
      ? take(readPath(cwd, path, byPath), byPath)
      : inline !== undefined
        ? take(inline, byText)
        : void problems.push({
            path: byPath.path,
            env: byPath.env,
            reason: 'is not set',
            fix: `the manager needs a private key; ${make}`,
          });
  const former = manager.credentials_key_previous_filepaths.flatMap((file) => {
    const from = source('credentials_key_previous_filepaths', file);
    return take(readPath(cwd, file, from), from) ?? [];
  });
  if (present === undefined) return { keys: [], problems, warnings };
  const half = createPublicKey(present);
  const pem = (type: 'pkcs1' | 'spki'): string => half.export({ type, format: 'pem' }).toString();
  return { keys: [present, ...former], publicKeys: { pkcs1: pem('pkcs1'), spki: pem('spki') }, problems, warnings };
}

interface Source {
  readonly path: string;
  readonly env: string;
  /** File name, where the key comes from a file. */
  readonly file?: string;
}

const source = (name: string, file?: string): Source => ({
  path: `manager.${name}`,
  env: `MANAGER__${name.toUpperCase()}`,
  ...(file === undefined ? {} : { file }),
});

const problem = ({ path, env, file }: Source, reason: string, fix: string): ConfigProblem => ({
  path,
  env,
  reason,
  fix,
  ...(file === undefined ? {} : { value: file }),
});

function readPath(cwd: string, file: string, from: Source): string | ConfigProblem {
  if (file.includes('-----BEGIN'))
    return problem(
      { ...from, file: '(a key)' },
      'holds a key instead of a path',
      'put the text into manager.credentials_key',
    );
  try {
    return readFileSync(resolve(cwd, file), 'utf8');
  } catch (error) {
    return problem(from, `cannot be read (${cause(error)})`, 'give a file that the user of this process may read');
  }
}

const armour = /-----BEGIN (RSA )?PRIVATE KEY-----([\s\S]*?)-----END \1?PRIVATE KEY-----/;

/** PKCS#8 or PKCS#1; a literal `\n`, or a space, in place of a line end is what environment variables make of it. */
function readKey(text: string, from: Source): { readonly key: KeyObject; readonly bits: number } | ConfigProblem {
  const refuse = (reason: string, fix: string): ConfigProblem => problem(from, reason, fix);
  if (/BEGIN ENCRYPTED PRIVATE KEY|Proc-Type: *4, *ENCRYPTED/.test(text))
    return refuse(
      'is protected by a passphrase',
      'give the key without one: openssl pkcs8 -topk8 -nocrypt -in key.pem -out private_key.pem',
    );
  const [, rsa = '', body = ''] = armour.exec(text) ?? [];
  if (body === '') {
    const other = /-----BEGIN ([A-Z0-9 ]+)-----/.exec(text)?.[1];
    return refuse(
      other === undefined ? 'holds no PEM private key' : `holds a ${other} in place of an RSA private key`,
      make,
    );
  }
  const lines = body.replace(/\\r|\\n|\s/g, '').match(/.{1,64}/g) ?? [];
  const key = parsed([`-----BEGIN ${rsa}PRIVATE KEY-----`, ...lines, `-----END ${rsa}PRIVATE KEY-----`, ''].join('\n'));
  if (key === undefined) return refuse('holds a private key that cannot be read', 'it may be cut short; copy it anew');
  if (key.asymmetricKeyType !== 'rsa')
    return refuse(`is a key of type ${key.asymmetricKeyType}`, `only RSA will do; ${make}`);
  const bits = key.asymmetricKeyDetails?.modulusLength ?? 0;
  if (bits < leastBits || bits > mostBits)
    return refuse(`has ${bits} bits`, `${leastBits} to ${mostBits} will do; ${make}`);
  return { key, bits };
}

/** OpenSSL's own message may quote the input, so only the fact is kept. */
function parsed(pem: string): KeyObject | undefined {
  try {
    return createPrivateKey(pem);
  } catch {
    return undefined;
  }
}
