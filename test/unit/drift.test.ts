import { describe, expect, test } from 'vitest';
import { type Drift, driftOf, isPinned, sameReference } from '../../model/drift.ts';

const [a, b] = ['a', 'b'].map((c) => `sha256:${c.repeat(64)}`) as [string, string];
const found = (changes: Partial<Drift>) => ({
  platform: 'opencti' as const,
  id: '1',
  name: 'one',
  image: 'team/x:1',
  wanted: 'team/x:1',
  running: a,
  available: a,
  problem: null,
  ...changes,
});

describe('drift', () => {
  test.each<[string, Partial<Drift>, Drift['drift']]>([
    ['equal digests', {}, null],
    ['a moved tag', { available: b }, 'digest'],
    ['another reference, whatever the digests', { wanted: 'mirror/team/x:1' }, 'reference'],
    ['latest spelled out', { image: 'team/x', wanted: 'team/x:latest' }, null],
    ['a digest that is not known', { running: null, available: b }, null],
    ['a registry that does not tell', { available: null, problem: 'no' }, null],
    ['no container', { image: null, running: null, available: b }, null],
    ['no image on the platform', { wanted: '' }, null],
  ])('%s', (_name, changes, kind) => expect(driftOf(found(changes))).toBe(kind));

  test('a port is no tag, a digest is pinned', () => {
    expect(sameReference('host:5000/x', 'host:5000/x:latest')).toBe(true);
    expect(isPinned(`team/x@${a}`)).toBe(true);
    expect(isPinned('team/x:1')).toBe(false);
  });
});
