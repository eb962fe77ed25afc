import { createHash } from 'node:crypto';
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { assignNames, isUsableName, legacyName, safeName } from '../../model/names.ts';

const suffix = (platform: string, id: string): string =>
  createHash('sha256').update(`${platform}/${id}`).digest('hex').slice(0, 8);
const opencti = '5b0e8f3a-6a0c-4f0e-9d55-0c7f3f1f9a01';
const openaev = '7c1d0d0e-12f1-4a55-a0ce-3d2b8f0f1101';

const rows: readonly [string, string, string, string, string][] = [
  ['multiple   spaces', 'opencti', opencti, 'multiple---spaces', 'multiple---spaces'],
  ['dots.and.dashes-test', 'opencti', opencti, 'dots-and-dashes-test', 'dots-and-dashes-test'],
  [
    'Nmap: The network mapper-11111111-2222-4333-8444-555555555555',
    'openaev',
    openaev,
    'nmap--the-network-mapper-11111111-2222-4333-8444-555555555555',
    'nmap--the-network-mapper-11111111-2222-4333-8444-555555555555',
  ],
  ['Étoile (beta)', 'opencti', opencti, 'étoile--beta-', 'toile-beta-24c91f6c'],
  [
    'Microsoft Defender for Endpoint extended-11111111-2222-4333-8444-555555555555',
    'openaev',
    openaev,
    'microsoft-defender-for-endpoint-extended-11111111-2222-4333-8444-555555555555',
    'microsoft-defender-for-endpoint-extended-11111111-2222-17a9c01e',
  ],
];

describe('names of containers', () => {
  test.each(rows)('"%s" on %s', (name, platform, id, legacy, used) => {
    const names = assignNames([{ id, name }], (x) => suffix(platform, x)).get(id);
    expect(legacyName(name)).toBe(legacy);
    expect(names?.legacyUsable === true ? names.legacy : names?.safe).toBe(used);
  });

  test('digits and letters of every script stay in the legacy name; nothing is trimmed or collapsed', () => {
    expect(legacyName('-A_b  C-')).toBe('-a-b--c-');
    expect(legacyName('数据 Ⅷ ² ٣')).toBe('数据-ⅷ-²-٣');
    expect(legacyName('a😀b')).toBe('a-b');
  });

  test('a name without one usable character still gives a container a name', () => {
    expect(safeName('???', 'deadbeef')).toBe('connector-deadbeef');
    expect(safeName('', 'deadbeef')).toBe('connector-deadbeef');
  });

  test('one of two characters up to 63 is usable; a dash at an end is not', () => {
    for (const good of ['ab', 'a1', '1a', 'a'.repeat(63)]) expect(isUsableName(good)).toBe(true);
    for (const bad of ['', 'a', '-a', 'a-', 'a.b', 'a_b', 'A1', 'é1', 'a'.repeat(64)])
      expect(isUsableName(bad)).toBe(false);
  });

  test('whatever the name, the safe one is usable everywhere and cut without a trailing dash', () =>
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme', maxLength: 120 }), (name) => {
        const safe = safeName(name, '0123abcd');
        expect(isUsableName(safe)).toBe(true);
        expect(safe).not.toMatch(/--/);
      }),
    ));
});

describe('two connectors with one name', () => {
  const two = [
    { id: 'b', name: 'Same name' },
    { id: 'a', name: 'same-name' },
  ];

  test('the smaller id has the legacy name, the other one its safe name', () => {
    const names = assignNames(two, (id) => `0000000${id}`);
    expect(names.get('a')).toEqual({ legacy: 'same-name', safe: 'same-name-0000000a', legacyUsable: true });
    expect(names.get('b')).toEqual({ legacy: 'same-name', safe: 'same-name-0000000b', legacyUsable: false });
  });

  test('the order of the listing changes nothing, and no two connectors are to have one container name', () =>
    fc.assert(
      fc.property(
        fc.uniqueArray(
          fc.record({
            id: fc.uuid(),
            name: fc.constantFrom('Same name', 'same-name', 'same.name', 'other', 'é', '??'),
          }),
          { selector: (r) => r.id },
        ),
        (records) => {
          const names = assignNames(records, (id) => suffix('opencti', id));
          expect(assignNames(records.toReversed(), (id) => suffix('opencti', id))).toEqual(
            new Map([...names].toReversed()),
          );
          const used = [...names.values()].map((n) => (n.legacyUsable ? n.legacy : n.safe));
          expect(new Set(used).size).toBe(records.length);
        },
      ),
    ));
});
