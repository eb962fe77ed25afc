import { createPublicKey, type KeyObject } from 'node:crypto';

const modulusBits = (key: KeyObject): number => key.asymmetricKeyDetails?.modulusLength ?? 0;

/** Length of an RSA block under this key, in bytes. */
export const blockBytes = (key: KeyObject): number => Math.ceil(modulusBits(key) / 8);

/** OpenCTI is given PKCS#1 (`BEGIN RSA PUBLIC KEY`), OpenAEV SPKI (`BEGIN PUBLIC KEY`); LF line ends either way. */
export const publicKeyText = (key: KeyObject, type: 'pkcs1' | 'spki'): string =>
  publicHalf(key).export({ type, format: 'pem' }).toString();

/** The public key of a private one; a public one as it is. */
export const publicHalf = (key: KeyObject): KeyObject => (key.type === 'public' ? key : createPublicKey(key));
