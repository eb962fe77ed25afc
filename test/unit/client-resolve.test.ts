import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { distance, misnamed, resolve } from '../../client/resolve.ts';
import { summary } from '../support/summaries.ts';

const ids = [
  '5b0e8f3a-0000-4000-8000-000000000001',
  '5b0e9999-0000-4000-8000-000000000002',
  '77777777-0000-4000-8000-000000000003',
  '88888888-0000-4000-8000-000000000004',
];
const all = ['IPInfo', 'MITRE ATT&CK', 'ipinfo', 'Twin'].map((name, i) =>
  summary({ id: ids[i] ?? '', name, workflowId: `connector:opencti:${ids[i]}` }),
);
const twins = [...all, summary({ id: '99999999-0000-4000-8000-000000000005', name: 'Twin', platform: 'openaev' })];

describe('naming a connector', () => {
  test.each<[string, string, string]>([
    ['its exact name', 'IPInfo', ids[0] ?? ''],
    ['the exact name before another case', 'ipinfo', ids[2] ?? ''],
    ['any case', 'mitre att&ck', ids[1] ?? ''],
    ['its id', ids[2] ?? '', ids[2] ?? ''],
    ['its id in capitals', (ids[0] ?? '').toUpperCase(), ids[0] ?? ''],
    ['the id of its workflow', `connector:opencti:${ids[1]}`, ids[1] ?? ''],
    ['the beginning of its id', '777', ids[2] ?? ''],
  ])('%s', (_name, wanted, id) => expect(resolve(all, wanted)).toMatchObject({ kind: 'found', connector: { id } }));

  test.each<[string, string, readonly string[]]>([
    ['a name two have', 'Twin', [ids[3] ?? '', '99999999-0000-4000-8000-000000000005']],
    ['a case that two differ in', 'IPINFO', [ids[0] ?? '', ids[2] ?? '']],
    ['the beginning of two ids', '5b0e', [ids[0] ?? '', ids[1] ?? '']],
  ])('%s is ambiguous', (_name, wanted, candidates) => {
    const found = resolve(twins, wanted);
    expect(found.kind).toBe('ambiguous');
    expect(found.kind === 'ambiguous' && found.candidates.map((c) => c.id)).toEqual(candidates);
    if (found.kind === 'found') return;
    const failure = misnamed(wanted, found, twins.length);
    expect(failure.code).toBe(2);
    for (const id of candidates) expect(failure.message).toContain(id);
  });

  test.each<[string, string, string]>([
    ['a slip', 'MITRE ATTACK', '"MITRE ATT&CK"'],
    ['a part of the name', 'mitre', '"MITRE ATT&CK"'],
    ['something else entirely', 'completely different thing', '"cadenza list"'],
  ])('%s is unknown, and what is near is named', (_name, wanted, hint) => {
    const found = resolve(all, wanted);
    expect(found.kind).toBe('unknown');
    if (found.kind === 'found') return;
    expect(misnamed(wanted, found, all.length)).toMatchObject({
      code: 2,
      kind: 'UnknownConnector',
      message: expect.stringContaining(hint),
    });
  });

  test('nothing is found among none', () => {
    expect(misnamed('x', { kind: 'unknown', nearest: [] }, 0).message).toContain('nor any other yet');
  });

  test('an empty name fits nobody', () => expect(resolve(all, '').kind).toBe('unknown'));
});

test('distance is a metric', () =>
  fc.assert(
    fc.property(fc.string({ maxLength: 8 }), fc.string({ maxLength: 8 }), fc.string({ maxLength: 8 }), (a, b, c) => {
      expect(distance(a, a)).toBe(0);
      expect(distance(a, b)).toBe(distance(b, a));
      expect(distance(a, c)).toBeLessThanOrEqual(distance(a, b) + distance(b, c));
      expect(distance(a, b) === 0).toBe(a === b);
    }),
  ));
