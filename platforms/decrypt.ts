import {
  constants,
  createCipheriv,
  createDecipheriv,
  privateDecrypt,
  publicEncrypt,
  randomBytes,
  type KeyObject,
} from 'node:crypto';
import type { ConfigEntry } from '../model/connector.ts';
import { permanent } from '../model/errors.ts';
import { blockBytes } from './keys.ts';

/**
 * Encrypted values as both platforms send them: one line of Base64 over
 *
 *     version (1) | RSA block (length of the modulus) | AES-256-GCM ciphertext | tag (16)
 *
 * The RSA block holds an AES key (32) and an IV (12); version 1 pads it by PKCS#1 v1.5, version 2 by OAEP with SHA-256.
 * Version 1 is unpadded here, because Node releases differ in what they make of PKCS#1 v1.5, and without an early exit:
 * a bad padding, a wrong key, a bad tag and bad UTF-8 all take the way through AES-GCM and end the same.
 */
export type Reason = 'not_base64' | 'too_short' | 'unknown_version' | 'wrong_key_or_corrupt';
export type Opened = { readonly text: string; readonly keyIndex: number } | { readonly reason: Reason };

const keyBytes = 32;
const wrappedBytes = keyBytes + 12; // key and IV
const tagBytes = 16;
const oaepHash = 'sha256';
const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/**
 * Opens one envelope. The present key comes first in `keys`; the previous ones are tried after it, in order, and
 * `keyIndex` says which one fitted. A value too short for every key is `too_short`; one too short for only some of them
 * (keys of different size) simply is not theirs.
 */
export function open(envelope: string, keys: readonly KeyObject[]): Opened {
  const bytes = Buffer.from(envelope, 'base64');
  if (bytes.toString('base64') !== envelope) return { reason: 'not_base64' };
  const shortest = Math.min(...keys.map((key) => 1 + blockBytes(key) + tagBytes));
  if (bytes.length < shortest) return { reason: 'too_short' };
  const version = bytes[0];
  if (version !== 1 && version !== 2) return { reason: 'unknown_version' };
  for (const [keyIndex, key] of keys.entries()) {
    const text = openWith(key, version, bytes);
    if (text !== undefined) return { text, keyIndex };
  }
  return { reason: 'wrong_key_or_corrupt' };
}

function openWith(key: KeyObject, version: 1 | 2, bytes: Buffer): string | undefined {
  const bodyAt = 1 + blockBytes(key);
  if (bytes.length < bodyAt + tagBytes) return undefined;
  const wrapped = unwrap(key, version, bytes.subarray(1, bodyAt));
  try {
    const cipher = createDecipheriv('aes-256-gcm', wrapped.subarray(0, keyBytes), wrapped.subarray(keyBytes), {
      authTagLength: tagBytes,
    });
    cipher.setAuthTag(bytes.subarray(-tagBytes));
    return utf8.decode(Buffer.concat([cipher.update(bytes.subarray(bodyAt, -tagBytes)), cipher.final()]));
  } catch {
    return undefined;
  }
}

/** AES key and IV, or 44 random bytes if the block is not what it should be. */
function unwrap(key: KeyObject, version: 1 | 2, block: Buffer): Buffer {
  const fallback = randomBytes(wrappedBytes); // drawn always, so that failure takes no other way than success
  try {
    if (version === 2) {
      const raw = privateDecrypt({ key, padding: constants.RSA_PKCS1_OAEP_PADDING, oaepHash }, block);
      return raw.length === wrappedBytes ? raw : fallback;
    }
    const raw = privateDecrypt({ key, padding: constants.RSA_NO_PADDING }, block);
    return unpadded(Buffer.concat([Buffer.alloc(block.length - raw.length), raw])) ?? fallback;
  } catch {
    return fallback;
  }
}

/**
 * PKCS#1 v1.5: 00 02, padding without a zero byte, 00, message. The message's length is known, hence the separator's
 * place is; every byte is looked at before anything is decided.
 */
function unpadded(block: Buffer): Buffer | undefined {
  const separator = block.length - wrappedBytes - 1;
  let bad = block[0]! | (block[1]! ^ 2) | block[separator]!;
  for (let i = 2; i < separator; i++) bad |= Number(block[i] === 0);
  return bad === 0 ? block.subarray(separator + 1) : undefined;
}

/** Makes a version 2 envelope for the holder of the private key; a different one each time. */
export function seal(text: string, publicKey: KeyObject): string {
  const wrapped = randomBytes(wrappedBytes);
  const block = publicEncrypt({ key: publicKey, padding: constants.RSA_PKCS1_OAEP_PADDING, oaepHash }, wrapped);
  const cipher = createCipheriv('aes-256-gcm', wrapped.subarray(0, keyBytes), wrapped.subarray(keyBytes));
  const body = Buffer.concat([cipher.update(text, 'utf8'), cipher.final()]);
  return Buffer.concat([Buffer.of(2), block, body, cipher.getAuthTag()]).toString('base64');
}

/** `value` is clear text now; `encrypted` still says what the platform said, because masking depends on it. */
export interface Decrypted {
  readonly entries: readonly ConfigEntry[];
  /** Keys of the entries that only a previous private key opened; they want typing in again before that key goes. */
  readonly previous: readonly string[];
}

/** Opens all encrypted entries, or throws one `DecryptionFailed` naming each entry that does not open and the reason. */
export function decryptConfiguration(configuration: readonly ConfigEntry[], keys: readonly KeyObject[]): Decrypted {
  const failures: string[] = [];
  const previous: string[] = [];
  const entries = configuration.map((entry) => {
    if (!entry.encrypted) return entry;
    const opened = open(entry.value, keys);
    if ('reason' in opened) {
      failures.push(`${entry.key} (${opened.reason})`);
      return entry;
    }
    if (opened.keyIndex > 0) previous.push(entry.key);
    return { ...entry, value: opened.text };
  });
  if (failures.length > 0)
    throw permanent(
      'DecryptionFailed',
      `cannot decrypt ${failures.join(', ')}: enter the value again on the platform, or give the private key it was encrypted for`,
    );
  return { entries, previous };
}
