import { createPrivateKey, createPublicKey, type KeyObject } from 'node:crypto';
import { permanent } from '../model/errors.ts';

const leastBits = 2048;
const mostBits = 8192;
/** Below this a warning. 4096 is the advice, and what a return to XTM Composer needs. */
const advisedBits = 3072;

export interface LoadedKey {
  readonly key: KeyObject;
  readonly warnings: readonly string[];
}

/**
 * Reads the manager's private key: PKCS#8 or PKCS#1 PEM, also on one line with a literal `\n` for each line end, as it
 * comes out of an environment variable. `origin` names the setting in messages. Throws `InvalidConfiguration`.
 */
export function readPrivateKey(text: string, origin: string): LoadedKey {
  const pem = text.replaceAll('\\n', '\n').trim();
  const refuse = (what: string): never => {
    throw permanent('InvalidConfiguration', `${origin} ${what}`);
  };
  if (/BEGIN ENCRYPTED PRIVATE KEY|Proc-Type: 4,ENCRYPTED/.test(pem))
    return refuse('is protected by a passphrase; give the key without one (openssl pkcs8 -topk8 -nocrypt)');
  if (!/-----BEGIN (RSA )?PRIVATE KEY-----[\s\S]+-----END (RSA )?PRIVATE KEY-----/.test(pem))
    return refuse('holds no PEM private key (openssl genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:4096 makes one)');
  const key = parsed(pem) ?? refuse('holds a PEM private key that cannot be read; it may be cut short');
  if (key.asymmetricKeyType !== 'rsa') return refuse(`is a key of type ${key.asymmetricKeyType}; only RSA will do`);
  const bits = modulusBits(key);
  if (bits < leastBits || bits > mostBits)
    return refuse(`has ${bits} bits; ${leastBits} to ${mostBits} will do, best 4096`);
  return { key, warnings: bits < advisedBits ? [`${origin} has only ${bits} bits; 4096 are recommended`] : [] };
}

/** OpenSSL's own message may quote the input, so only the fact is kept. */
function parsed(pem: string): KeyObject | undefined {
  try {
    return createPrivateKey(pem);
  } catch {
    return undefined;
  }
}

const modulusBits = (key: KeyObject): number => key.asymmetricKeyDetails?.modulusLength ?? 0;

/** Length of an RSA block under this key, in bytes. */
export const blockBytes = (key: KeyObject): number => Math.ceil(modulusBits(key) / 8);

/** OpenCTI is given PKCS#1 (`BEGIN RSA PUBLIC KEY`), OpenAEV SPKI (`BEGIN PUBLIC KEY`); LF line ends either way. */
export const publicKeyText = (key: KeyObject, type: 'pkcs1' | 'spki'): string =>
  publicHalf(key).export({ type, format: 'pem' }).toString();

/** The public key of a private one; a public one as it is. */
export const publicHalf = (key: KeyObject): KeyObject => (key.type === 'public' ? key : createPublicKey(key));
