import { createHash, createPublicKey, generateKeyPairSync, type KeyObject } from 'node:crypto';
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Problem } from '../../model/errors.ts';
import { decryptConfiguration, open, seal } from '../../platforms/decrypt.ts';
import { blockBytes } from '../../platforms/keys.ts';
import { emptyVersion2, helloVersion1, secretVersion2, vectorKey } from './decrypt-vectors.ts';
import { sealVersion1 } from './decrypt-version1.ts';

const keyOf = (bits: number): KeyObject => generateKeyPairSync('rsa', { modulusLength: bits }).privateKey;
const other = keyOf(2048);
const changed = (envelope: string, change: (bytes: Buffer) => Buffer): string =>
  change(Buffer.from(envelope, 'base64')).toString('base64');
const flipped = (envelope: string, bit: number): string =>
  changed(envelope, (b) => {
    const at = ((bit >> 3) + b.length) % b.length;
    b[at]! ^= 1 << (bit & 7);
    return b;
  });
const cut = (envelope: string, length: number): string => changed(envelope, (b) => b.subarray(0, length));
const withVersion = (envelope: string, version: number): string =>
  changed(envelope, (b) => Buffer.concat([Buffer.of(version), b.subarray(1)]));
const der = (type: 'spki' | 'pkcs1'): Buffer => createPublicKey(vectorKey).export({ type, format: 'der' });
const sha256 = (bytes: Buffer): string => createHash('sha256').update(bytes).digest('hex');
const k = blockBytes(vectorKey);

test('the vector key is the published one', () => {
  expect(sha256(der('spki'))).toBe('5e14590578672d3547bc9da9e072e90f2bfcc2ce19bc5406cea1f3d5113442a9');
  expect(sha256(der('pkcs1'))).toBe('f55e15e7b56b484420c461137e7113f22ed60b2e662ea7709f015bf7e4131d40');
});

test.each([
  ['hello, version 1', helloVersion1, 372, 'hello'],
  ['two-byte characters, version 2', secretVersion2, 376, 's3cret-é'],
  ['empty text, version 2', emptyVersion2, 364, ''],
])('opens %s', (_name, envelope, length, text) => {
  expect(envelope).toHaveLength(length);
  expect(open(envelope, [vectorKey])).toEqual({ text, keyIndex: 0 });
});

describe.each([
  ['version 1', helloVersion1],
  ['version 2', secretVersion2],
  ['empty text', emptyVersion2],
])('damaged, %s', (_name, good) => {
  const swapped = Buffer.from(good, 'base64')[0] === 1 ? 2 : 1;
  test.each([
    ['last byte flipped', flipped(good, -8), 'wrong_key_or_corrupt'],
    ['byte 10 flipped', flipped(good, 80), 'wrong_key_or_corrupt'],
    ['version byte swapped', withVersion(good, swapped), 'wrong_key_or_corrupt'],
    ['version 0', withVersion(good, 0), 'unknown_version'],
    ['version 3', withVersion(good, 3), 'unknown_version'],
    ['cut to nothing', '', 'too_short'],
    ['cut to 1 byte', cut(good, 1), 'too_short'],
    ['cut after the RSA block', cut(good, k + 1), 'too_short'],
    ['cut within the tag', cut(good, k + 16), 'too_short'],
    ['not Base64', '%%%', 'not_base64'],
    ['the last character missing', good.slice(0, -1), 'not_base64'],
    ['a space inside', `${good.slice(0, 8)} ${good.slice(8)}`, 'not_base64'],
  ])('%s', (_case, envelope, reason) => expect(open(envelope, [vectorKey])).toEqual({ reason }));

  test('another private key', () => expect(open(good, [other])).toEqual({ reason: 'wrong_key_or_corrupt' }));
});

const texts = ['', 'hello', 'naïve · 秘密 · 🔑', 'x'.repeat(64 * 1024)];

describe.each([2048, 3072, 4096])('key of %i bits', (bits) => {
  const key = keyOf(bits);
  test.each([
    ['version 1', sealVersion1],
    ['version 2', seal],
  ])('%s', (_name, make) => {
    for (const text of texts) {
      const envelope = make(text, createPublicKey(key));
      expect(Buffer.from(envelope, 'base64')).toHaveLength(1 + bits / 8 + Buffer.byteLength(text) + 16);
      expect(open(envelope, [key])).toEqual({ text, keyIndex: 0 });
    }
  });
});

test('a 44-byte message whose key bytes begin with zeros is still found by position', () => {
  const wrapped = Buffer.concat([Buffer.alloc(8), Buffer.alloc(36, 7)]);
  const envelope = sealVersion1('hello', createPublicKey(other), wrapped);
  expect(open(envelope, [other])).toEqual({ text: 'hello', keyIndex: 0 });
});

test.each([43, 45])('version 1 with a message of %i bytes is refused', (length) => {
  const envelope = sealVersion1('hello', createPublicKey(other), Buffer.alloc(length, 7));
  expect(open(envelope, [other])).toEqual({ reason: 'wrong_key_or_corrupt' });
});

test('plaintext that is not UTF-8 fails like any corrupt value', () => {
  const envelope = sealVersion1(Buffer.of(0xff, 0xfe), createPublicKey(other));
  expect(open(envelope, [other])).toEqual({ reason: 'wrong_key_or_corrupt' });
});

test('a byte order mark belongs to the value', () =>
  expect(open(seal('\uFEFFx', createPublicKey(other)), [other])).toEqual({ text: '\uFEFFx', keyIndex: 0 }));

test('previous keys are tried in order, also when they are shorter than the present one', () => {
  const present = keyOf(3072);
  expect(open(helloVersion1, [present, other, vectorKey])).toEqual({ text: 'hello', keyIndex: 2 });
  expect(open(flipped(helloVersion1, -1), [present, other, vectorKey])).toEqual({ reason: 'wrong_key_or_corrupt' });
  expect(open('%%%', [present, vectorKey])).toEqual({ reason: 'not_base64' });
  expect(open(cut(helloVersion1, k + 16), [present, vectorKey])).toEqual({ reason: 'too_short' });
});

test('any flipped bit beyond the version byte fails in the same shape', () => {
  for (const good of [helloVersion1, secretVersion2]) {
    const bits = Buffer.from(good, 'base64').length * 8;
    fc.assert(
      fc.property(fc.integer({ min: 8, max: bits - 1 }), (bit) => {
        expect(open(flipped(good, bit), [vectorKey])).toEqual({ reason: 'wrong_key_or_corrupt' });
      }),
      { numRuns: 150 },
    );
  }
});

test('whatever is sealed opens again', () =>
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme' }), (text) => {
      expect(open(seal(text, createPublicKey(other)), [other])).toEqual({ text, keyIndex: 0 });
    }),
    { numRuns: 50 },
  ));

test('no text whatever makes open throw', () =>
  fc.assert(
    fc.property(fc.oneof(fc.string(), fc.base64String({ maxLength: 800 })), (text) => {
      expect(open(text, [vectorKey])).toHaveProperty('reason');
    }),
  ));

describe('a configuration', () => {
  const publicKey = createPublicKey(vectorKey);
  const clear = { key: 'LEVEL', value: 'info', encrypted: false };

  test('is opened in order; what only a previous key opens is named', () => {
    const previous = { key: 'OLD', value: seal('old', createPublicKey(other)), encrypted: true };
    const present = { key: 'NEW', value: seal('new', publicKey), encrypted: true };
    expect(decryptConfiguration([previous, clear, present], [vectorKey, other])).toEqual({
      entries: [{ ...previous, value: 'old' }, clear, { ...present, value: 'new' }],
      previous: ['OLD'],
    });
  });

  test('with a value that does not open names key and reason of each, never the value', () => {
    const entries = [
      clear,
      { key: 'IPINFO_TOKEN', value: flipped(helloVersion1, 90), encrypted: true },
      { key: 'EMPTY', value: '', encrypted: true },
    ];
    const problem = thrown(() => decryptConfiguration(entries, [vectorKey]));
    expect(problem).toMatchObject({ kind: 'permanent', type: 'DecryptionFailed' });
    expect(problem.message).toContain('IPINFO_TOKEN (wrong_key_or_corrupt), EMPTY (too_short)');
    expect(problem.message).not.toContain(entries[1]!.value.slice(0, 16));
    expect(problem.cause).toBeUndefined();
  });
});

function thrown(run: () => unknown): Problem {
  try {
    run();
  } catch (error) {
    if (error instanceof Problem) return error;
    throw error;
  }
  throw new Error('nothing was thrown');
}
