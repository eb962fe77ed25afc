import { createPublicKey, generateKeyPairSync } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { loadKeys } from '../../config/key.ts';
import { readConfig } from '../../config/read.ts';
import { folderWith, privateKey } from './config-support.ts';
import { vectorPem } from './decrypt-vectors.ts';

const rsa = generateKeyPairSync('rsa', { modulusLength: 3072 });
const pkcs1 = rsa.privateKey.export({ type: 'pkcs1', format: 'pem' }).toString();
const encrypted = rsa.privateKey
  .export({ type: 'pkcs8', format: 'pem', cipher: 'aes-256-cbc', passphrase: 'x' })
  .toString();

function load(env: Record<string, string>, files: Record<string, string> = {}): ReturnType<typeof loadKeys> {
  const cwd = folderWith(files);
  return loadKeys(readConfig({ cwd, env }).config.manager, cwd);
}
const inline = (text: string): ReturnType<typeof loadKeys> => load({ MANAGER__CREDENTIALS_KEY: text });

describe('forms of a key', () => {
  it.each([
    ['PKCS#8', privateKey],
    ['PKCS#1', pkcs1],
    ['spaces around', `\n\n  ${privateKey}  \n`],
    ['one line with \\n', privateKey.replaceAll('\n', String.raw`\n`)],
    ['one line with \\r\\n', privateKey.replaceAll('\n', String.raw`\r\n`)],
    ['one line with spaces', pkcs1.replaceAll('\n', ' ')],
    ['CRLF', privateKey.replaceAll('\n', '\r\n')],
  ])('takes %s', (_, text) => {
    const { keys, problems, warnings } = inline(text);
    expect(problems).toEqual([]);
    expect(warnings).toEqual([]);
    const wanted = createPublicKey(text.includes('RSA') ? pkcs1 : privateKey);
    expect(createPublicKey(keys[0]!).equals(wanted)).toBe(true);
  });
  it('gives both public forms', () => {
    const { publicKeys } = inline(privateKey);
    expect(publicKeys?.pkcs1).toMatch(/^-----BEGIN RSA PUBLIC KEY-----\n[\s\S]+-----END RSA PUBLIC KEY-----\n$/);
    expect(publicKeys?.spki).toMatch(/^-----BEGIN PUBLIC KEY-----\n[\s\S]+-----END PUBLIC KEY-----\n$/);
    expect(`${publicKeys?.pkcs1}${publicKeys?.spki}`).not.toContain('\r');
  });
  const generated = (type: 'ec' | 'ed25519' | 'rsa' | 'rsa-pss'): string => {
    const made =
      type === 'ec'
        ? generateKeyPairSync('ec', { namedCurve: 'P-256' })
        : type === 'rsa'
          ? generateKeyPairSync('rsa', { modulusLength: 1024 })
          : type === 'rsa-pss'
            ? generateKeyPairSync('rsa-pss', { modulusLength: 2048 })
            : generateKeyPairSync('ed25519');
    return made.privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
  };
  it.each([
    ['encrypted PKCS#8', encrypted, 'is protected by a passphrase'],
    ['an EC key', generated('ec'), 'is a key of type ec'],
    ['an Ed25519 key', generated('ed25519'), 'is a key of type ed25519'],
    ['an RSA-PSS key', generated('rsa-pss'), 'is a key of type rsa-pss'],
    ['1024 bits', generated('rsa'), 'has 1024 bits'],
    [
      'a public key',
      createPublicKey(pkcs1).export({ type: 'spki', format: 'pem' }).toString(),
      'holds a PUBLIC KEY in place of an RSA private key',
    ],
    ['no key', 'nonsense '.repeat(10), 'holds no PEM private key'],
    ['a key cut short', privateKey.replace(/\n.{64}\n/, '\n'), 'holds a private key that cannot be read'],
  ])('refuses %s', (_, text, reason) => {
    const { keys, problems } = inline(text);
    expect(keys).toEqual([]);
    expect(problems).toEqual([
      expect.objectContaining({ path: 'manager.credentials_key', env: 'MANAGER__CREDENTIALS_KEY', reason }),
    ]);
    expect(JSON.stringify(problems)).not.toContain(text.slice(40, 80));
  });
  it('warns below 3072 bits', () => {
    expect(inline(vectorPem).warnings).toEqual([
      'manager.credentials_key: the key has only 2048 bits; 4096 are recommended',
    ]);
  });
});

describe('sources of a key', () => {
  it('prefers the path, with a warning when both are set', () => {
    const env = { MANAGER__CREDENTIALS_KEY: pkcs1, MANAGER__CREDENTIALS_KEY_FILEPATH: 'key.pem' };
    const { keys, warnings } = load(env, { 'key.pem': privateKey });
    expect(createPublicKey(keys[0]!).equals(createPublicKey(privateKey))).toBe(true);
    expect(warnings).toEqual([
      'manager.credentials_key_filepath and manager.credentials_key are both set; the file counts',
    ]);
  });
  it('takes an empty path as not set', () => {
    const { keys, warnings } = load({ MANAGER__CREDENTIALS_KEY: pkcs1, MANAGER__CREDENTIALS_KEY_FILEPATH: '' });
    expect(keys).toHaveLength(1);
    expect(warnings).toEqual([]);
  });
  it('reads former keys in their order', () => {
    const env = { MANAGER__CREDENTIALS_KEY: privateKey, MANAGER__CREDENTIALS_KEY_PREVIOUS_FILEPATHS: 'a.pem,b.pem' };
    const { keys, problems } = load(env, { 'a.pem': pkcs1, 'b.pem': vectorPem });
    expect(problems).toEqual([]);
    expect(keys.map((k) => k.asymmetricKeyDetails?.modulusLength)).toEqual([3072, 3072, 2048]);
  });
  it('says what is missing', () => {
    expect(load({}).problems[0]).toMatchObject({ path: 'manager.credentials_key_filepath', reason: 'is not set' });
    expect(load({ MANAGER__CREDENTIALS_KEY_FILEPATH: 'none.pem' }).problems[0]).toMatchObject({
      reason: 'cannot be read (no such file)',
      value: 'none.pem',
    });
    expect(load({ MANAGER__CREDENTIALS_KEY_FILEPATH: '.' }).problems[0]?.reason).toBe(
      'cannot be read (it is a folder)',
    );
    const swapped = load({ MANAGER__CREDENTIALS_KEY_FILEPATH: pkcs1 }).problems;
    expect(swapped[0]?.reason).toBe('holds a key instead of a path');
    expect(JSON.stringify(swapped)).not.toContain('PRIVATE KEY');
  });
});
