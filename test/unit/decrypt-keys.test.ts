import { createPublicKey, generateKeyPairSync } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { publicKeyText, readPrivateKey } from '../../platforms/keys.ts';
import { vectorKey, vectorPem } from './decrypt-vectors.ts';

const pem = (type: 'pkcs1' | 'pkcs8') => vectorKey.export({ type, format: 'pem' }).toString();
const encrypted = (type: 'pkcs1' | 'pkcs8') =>
  vectorKey.export({ type, format: 'pem', cipher: 'aes-256-cbc', passphrase: 'x' }).toString();
const origin = 'manager.credentials_key';

describe('a private key', () => {
  test.each([
    ['PKCS#8', vectorPem],
    ['PKCS#1', pem('pkcs1')],
    ['with space around', `\n  ${pem('pkcs8')}\n\n`],
    ['with Windows line ends', pem('pkcs8').replaceAll('\n', '\r\n')],
    ['on one line with \\n', pem('pkcs8').replaceAll('\n', '\\n')],
  ])('is read from %s', (_name, text) => {
    const { key, warnings } = readPrivateKey(text, origin);
    expect(publicKeyText(key, 'spki')).toBe(publicKeyText(vectorKey, 'spki'));
    expect(warnings).toEqual([`${origin} has only 2048 bits; 4096 are recommended`]);
  });

  test('of 3072 bits gives no warning', () => {
    const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 3072 });
    expect(readPrivateKey(privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(), origin).warnings).toEqual([]);
  });

  const small = generateKeyPairSync('rsa', { modulusLength: 1024 }).privateKey;
  const curve = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey;
  test.each([
    ['nothing', '', 'holds no PEM private key'],
    ['a public key', publicKeyText(vectorKey, 'spki'), 'holds no PEM private key'],
    ['encrypted PKCS#8', encrypted('pkcs8'), 'passphrase'],
    ['encrypted PKCS#1', encrypted('pkcs1'), 'passphrase'],
    ['a torn one', pem('pkcs8').replace(/\n.{64}\n/, '\n'), 'cannot be read'],
    ['too few bits', small.export({ type: 'pkcs8', format: 'pem' }).toString(), 'has 1024 bits'],
    ['not RSA', curve.export({ type: 'pkcs8', format: 'pem' }).toString(), 'only RSA'],
  ])('is refused: %s', (_name, text, message) =>
    expect(() => readPrivateKey(text, origin)).toThrow(
      expect.objectContaining({ type: 'InvalidConfiguration', message: expect.stringContaining(message) }),
    ),
  );
});

test('the public key has the form each platform wants, with LF line ends', () => {
  for (const key of [vectorKey, createPublicKey(vectorKey)]) {
    expect(publicKeyText(key, 'pkcs1')).toMatch(
      /^-----BEGIN RSA PUBLIC KEY-----\n[^\r]+-----END RSA PUBLIC KEY-----\n$/,
    );
    expect(publicKeyText(key, 'spki')).toMatch(/^-----BEGIN PUBLIC KEY-----\n[^\r]+-----END PUBLIC KEY-----\n$/);
  }
});
