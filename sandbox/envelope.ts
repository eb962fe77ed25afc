/**
 * Encrypts a value as the platform does: version byte, RSA block holding an AES-256 key and a 12-byte IV, AES-256-GCM
 * ciphertext, 16-byte tag, all in standard Base64. Key and IV are fresh for every value.
 */
import { constants, createCipheriv, createPublicKey, type KeyObject, publicEncrypt, randomBytes } from 'node:crypto';

export type EnvelopeVersion = 1 | 2;

/** Reads PKCS#1 and SPKI PEM alike; throws on anything that is not an RSA public key. */
export function readPublicKey(pem: string): KeyObject {
  if (!/-----BEGIN (RSA )?PUBLIC KEY-----/.test(pem)) throw new Error('not a PEM public key');
  const key = createPublicKey(pem);
  if (key.asymmetricKeyType !== 'rsa') throw new Error(`an RSA key is needed, not ${String(key.asymmetricKeyType)}`);
  return key;
}

export function encrypt(publicKey: string, plaintext: string, version: EnvelopeVersion): string {
  const key = randomBytes(32);
  const iv = randomBytes(12);
  const scheme =
    version === 1
      ? { padding: constants.RSA_PKCS1_PADDING }
      : { padding: constants.RSA_PKCS1_OAEP_PADDING, oaepHash: 'sha256' };
  const block = publicEncrypt({ key: readPublicKey(publicKey), ...scheme }, Buffer.concat([key, iv]));
  const cipher = createCipheriv('aes-256-gcm', key, iv);
  const body = Buffer.concat([cipher.update(plaintext, 'utf8'), cipher.final()]);
  return Buffer.concat([Buffer.from([version]), block, body, cipher.getAuthTag()]).toString('base64');
}

/** The same envelope with its last byte flipped: still well-formed, but the tag no longer fits. */
export function corrupt(envelope: string): string {
  const bytes = Buffer.from(envelope, 'base64');
  const last = bytes.length - 1;
  if (last >= 0) bytes[last] = bytes[last]! ^ 0xff;
  return bytes.toString('base64');
}
