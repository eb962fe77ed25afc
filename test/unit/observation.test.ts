import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { RuntimeObject } from '../../model/connector.ts';
import { connectorLabel, managerLabel, platformLabel } from '../../model/labels.ts';
import { type Desired, actualDigest, desiredDigest, isCandidate, shortHash } from '../../model/observation.ts';
import { connectorId, desiredOf, iso, manager, objectOf, ownLabels, t0 } from '../support/world.ts';

const d = desiredOf();

describe('the digest of what is wanted', () => {
  test.each<[string, Partial<Desired>]>([
    ['its name', { name: 'other', names: d.names }],
    ['its image', { image: 'other' }],
    ['its contract hash', { contractHash: 'other' }],
    ["Cadenza's own settings", { specHash: 'other' }],
    ['the request', { requested: 'stop' }],
    ['what the platform was told', { reported: 'started' }],
    ['that the platform was never told', { reported: null }],
    ['whether it may have the legacy name', { names: { ...d.names, legacyUsable: false } }],
  ])('changes with %s', (_what, more) => expect(desiredDigest({ ...d, ...more })).not.toBe(desiredDigest(d)));

  test('does not change with the time of the listing', () =>
    expect(desiredDigest(desiredOf({ listedAt: iso(t0 + 1) }))).toBe(desiredDigest(d)));

  test('a value that moves from one field to the next is a change', () =>
    expect(desiredDigest({ ...d, contractHash: 'ab', specHash: 'c' })).not.toBe(
      desiredDigest({ ...d, contractHash: 'a', specHash: 'bc' }),
    ));
});

describe('the digest of what is there', () => {
  const o = objectOf();
  const one = actualDigest([o]);
  const { contractHash: _hash, ...noHash } = o;
  const { specHash: _spec, ...noSpec } = o;
  test.each<[string, readonly RuntimeObject[]]>([
    ['nothing left', []],
    ['one more', [o, { ...o, ref: 'c1' }]],
    ['another container', [{ ...o, ref: 'c1' }]],
    ['another name', [{ ...o, name: 'other' }]],
    ['another state', [{ ...o, state: 'down' }]],
    ['another configuration', [{ ...o, contractHash: 'other' }]],
    ['no configuration hash', [noHash]],
    ['other settings', [{ ...o, specHash: 'other' }]],
    ['no settings hash', [noSpec]],
  ])('changes with %s', (_what, objects) => expect(actualDigest(objects)).not.toBe(one));

  test('does not change with what a plain list does not tell', () => {
    const { startedAt: _start, createdAt: _made, ...plain } = o;
    expect(actualDigest([{ ...plain, runtimeRestarts: 7 }])).toBe(one);
  });

  test('the order of the list changes nothing', () =>
    fc.assert(
      fc.property(
        fc.uniqueArray(
          fc.record({
            ref: fc.uuid(),
            name: fc.string(),
            state: fc.constantFrom('running' as const, 'down' as const),
          }),
          { selector: (x) => x.ref, maxLength: 6 },
        ),
        fc.infiniteStream(fc.nat()),
        (parts, keys) => {
          const objects = parts.map((p) => objectOf(p));
          const mixed = objects
            .map((x) => ({ x, key: keys.next().value ?? 0 }))
            .toSorted((a, b) => a.key - b.key)
            .map(({ x }) => x);
          expect(actualDigest(mixed)).toBe(actualDigest(objects));
        },
      ),
    ));
});

describe('the short hash', () => {
  test('is the same for the same text, and short', () => {
    expect(shortHash('x')).toBe(shortHash('x'));
    expect(shortHash('x'.repeat(10_000)).length).toBeLessThanOrEqual(11);
  });

  test('tells ten thousand texts apart, one letter or its place being enough', () => {
    const texts = Array.from({ length: 10_000 }, (_, i) => `connector-${i}`);
    expect(new Set(texts.map(shortHash)).size).toBe(texts.length);
    expect(shortHash('ab')).not.toBe(shortHash('ba'));
  });
});

describe('whose container it is', () => {
  const ids = [manager, 'previous'];
  test.each<[string, boolean, Readonly<Record<string, string>>]>([
    ['all labels ours', true, ownLabels],
    ['a manager id this one had before', true, { ...ownLabels, [managerLabel]: 'previous' }],
    ['no platform label', true, { [managerLabel]: manager, [connectorLabel]: connectorId }],
    ['an empty platform label', true, { ...ownLabels, [platformLabel]: '' }],
    ['the other platform', false, { ...ownLabels, [platformLabel]: 'openaev' }],
    ['another manager', false, { ...ownLabels, [managerLabel]: 'them' }],
    ['no manager', false, { [connectorLabel]: connectorId }],
    ['another connector', false, { ...ownLabels, [connectorLabel]: 'another' }],
    ['no labels', false, {}],
  ])('%s: %s', (_what, ours, labels) => expect(isCandidate({ labels }, connectorId, 'opencti', ids)).toBe(ours));

  test('an empty manager id in the configuration never makes unlabelled containers ours', () =>
    expect(isCandidate({ labels: { [connectorLabel]: connectorId } }, connectorId, 'opencti', [''])).toBe(false));
});
