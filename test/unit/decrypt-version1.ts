import { constants, createCipheriv, publicEncrypt, randomBytes, type KeyObject } from 'node:crypto';

/** What a platform with version 1 sends; `wrapped` (AES key and IV) can be given to make odd ones. */
export function sealVersion1(text: string | Buffer, publicKey: KeyObject, wrapped: Buffer = randomBytes(44)): string {
  const block = publicEncrypt({ key: publicKey, padding: constants.RSA_PKCS1_PADDING }, wrapped);
  const padded = Buffer.concat([wrapped, Buffer.alloc(44)]);
  const cipher = createCipheriv('aes-256-gcm', padded.subarray(0, 32), padded.subarray(32, 44));
  const body = Buffer.concat([cipher.update(Buffer.from(text)), cipher.final()]);
  return Buffer.concat([Buffer.of(1), block, body, cipher.getAuthTag()]).toString('base64');
}
