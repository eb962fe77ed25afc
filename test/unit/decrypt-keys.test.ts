import { createPublicKey } from 'node:crypto';
import { expect, test } from 'vitest';
import { publicKeyText } from '../../platforms/keys.ts';
import { vectorKey } from './decrypt-vectors.ts';

test('the public key has the form each platform wants, with LF line ends', () => {
  for (const key of [vectorKey, createPublicKey(vectorKey)]) {
    expect(publicKeyText(key, 'pkcs1')).toMatch(
      /^-----BEGIN RSA PUBLIC KEY-----\n[^\r]+-----END RSA PUBLIC KEY-----\n$/,
    );
    expect(publicKeyText(key, 'spki')).toMatch(/^-----BEGIN PUBLIC KEY-----\n[^\r]+-----END PUBLIC KEY-----\n$/);
  }
});
