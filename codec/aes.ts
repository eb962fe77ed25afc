import { createCipheriv, createDecipheriv, createHash, randomBytes } from 'node:crypto';
import type { Payload, PayloadCodec } from '@temporalio/common';
import proto from '@temporalio/proto';

const encoding = 'binary/encrypted';
const cipher = 'aes-256-gcm';
const ivBytes = 12;
const tagBytes = 16;
const { Payload: Proto } = proto.temporal.api.common.v1;

/** What Temporal stores cannot be read with the keys at hand. */
export class UnreadablePayload extends Error {
  override name = 'UnreadablePayload';
}

export interface CodecKeys {
  /** 32 bytes; new payloads are written with it. Without it they are written in clear. */
  readonly current?: Buffer;
  /** Further keys for reading. */
  readonly previous: readonly Buffer[];
}

/** Names a key in what is stored, so that reading finds it among former ones; tells nothing of it. */
const idOf = (key: Buffer): string =>
  createHash('sha256').update('cadenza key id\0').update(key).digest('hex').slice(0, 16);

/**
 * Encrypts everything that Temporal stores of workflows: AES-256-GCM, a fresh 12-byte IV each, as `iv | ciphertext |
 * tag` around the encoded payload. What was written in clear before there was a key stays readable.
 * `decode` throws `UnreadablePayload` for an unknown key and for anything that was altered.
 */
export function aesCodec({ current, previous }: CodecKeys): PayloadCodec {
  const keys = new Map([...previous, ...(current === undefined ? [] : [current])].map((key) => [idOf(key), key]));
  return {
    encode: (payloads) => Promise.resolve(current === undefined ? payloads : payloads.map((p) => seal(p, current))),
    decode: async (payloads) => payloads.map((p) => open(p, keys)),
  };
}

function seal(payload: Payload, key: Buffer): Payload {
  const iv = randomBytes(ivBytes);
  const encrypt = createCipheriv(cipher, key, iv);
  const body = Buffer.concat([encrypt.update(Proto.encode(payload).finish()), encrypt.final()]);
  return {
    metadata: {
      encoding: Buffer.from(encoding),
      'encryption-cipher': Buffer.from('AES-256-GCM'),
      'encryption-key-id': Buffer.from(idOf(key)),
    },
    data: Buffer.concat([iv, body, encrypt.getAuthTag()]),
  };
}

function open(payload: Payload, keys: ReadonlyMap<string, Buffer>): Payload {
  const { metadata, data } = payload;
  if (text(metadata?.['encoding']) !== encoding) return payload;
  const id = text(metadata?.['encryption-key-id']);
  const key = keys.get(id);
  if (key === undefined)
    throw new UnreadablePayload(
      `what Temporal stores was encrypted with another key (id ${id}): set temporal.payload_encryption_key to it, or add it to temporal.payload_encryption_previous_keys`,
    );
  const bytes = Buffer.from(data ?? []);
  if (bytes.length < ivBytes + tagBytes) throw new UnreadablePayload('an encrypted payload is cut short');
  const decrypt = createDecipheriv(cipher, key, bytes.subarray(0, ivBytes), { authTagLength: tagBytes });
  decrypt.setAuthTag(bytes.subarray(-tagBytes));
  try {
    return Proto.decode(Buffer.concat([decrypt.update(bytes.subarray(ivBytes, -tagBytes)), decrypt.final()]));
  } catch {
    throw new UnreadablePayload('an encrypted payload was altered, or its key id is wrong');
  }
}

const text = (bytes: Uint8Array | null | undefined): string => Buffer.from(bytes ?? []).toString();
