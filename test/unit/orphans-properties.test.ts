import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import type { RuntimeObject } from '../../model/connector.ts';
import { connectorLabel, managerLabel, platformLabel } from '../../model/labels.ts';
import { type SweepInput, sweep } from '../../model/orphans.ts';
import { manager, minute, objectOf, second, t0 } from '../support/world.ts';

const gap = 10 * second;
const arbId = fc.constantFrom('a', 'b', 'c', 'd', 'e', 'f', 'g', 'h');
const arbObject = fc.record({
  id: fc.oneof(arbId, fc.constant('')),
  on: fc.constantFrom('opencti', 'opencti', 'openaev', '', undefined),
});
const arbSituation = fc.record({
  listed: fc.uniqueArray(arbId),
  unread: fc.nat({ max: 2 }),
  complete: fc.boolean(),
  objects: fc.array(arbObject, { maxLength: 12 }),
  workflows: fc.uniqueArray(arbId),
  confirmed: fc.uniqueArray(arbId),
});
const arbPolicy = fc.record({ allowMassRemoval: fc.boolean(), bothPlatforms: fc.boolean() });
/** A world that changes between the sweeps, which come at any distance. */
const arbHistory = fc.array(fc.tuple(arbSituation, fc.integer({ min: 0, max: 3 * minute })), {
  minLength: 1,
  maxLength: 8,
});

type Situation = typeof arbSituation extends fc.Arbitrary<infer S> ? S : never;
type Options = typeof arbPolicy extends fc.Arbitrary<infer P> ? P : never;

const objectsOf = (s: Situation): readonly RuntimeObject[] =>
  s.objects.map(({ id, on }, i) =>
    objectOf({
      ref: `r${i}`,
      name: `n${i}`,
      labels: {
        [managerLabel]: manager,
        ...(id === '' ? {} : { [connectorLabel]: id }),
        ...(on === undefined ? {} : { [platformLabel]: on }),
      },
    }),
  );
const inputOf = (s: Situation, options: Options, previous: SweepInput['previous'], now: number): SweepInput => ({
  platform: 'opencti',
  listed: new Set(s.listed),
  complete: s.complete,
  size: s.listed.length + s.unread,
  objects: objectsOf(s),
  workflows: s.workflows.map((id) => ({ id, name: `w-${id}` })),
  confirmed: new Set(s.confirmed),
  previous,
  policy: { sweeps: 2, sweepGap: gap, guardRatio: 0.25, guardMin: 3, ...options },
  now,
});

/** All sweeps of a history, each with what went in. */
function* replay(history: readonly [Situation, number][], options: Options) {
  let previous: SweepInput['previous'] = { candidates: [] };
  let now = t0;
  for (const [s, apart] of history) {
    now += apart;
    const given = inputOf(s, options, previous, now);
    const result = sweep(given);
    yield { given, result };
    previous = result;
  }
}

test('never removed: what is listed, what is not ours to remove, and anything at first sight', () =>
  fc.assert(
    fc.property(arbHistory, arbPolicy, (history, options) => {
      const since = new Map<string, number>();
      for (const { given, result } of replay(history, options)) {
        const here = new Map<string, readonly RuntimeObject[]>();
        for (const o of given.objects) {
          const id = o.labels[connectorLabel] ?? '';
          here.set(id, [...(here.get(id) ?? []), o]);
        }
        for (const { id } of result.remove) {
          expect(given.complete).toBe(true);
          expect(given.listed.has(id)).toBe(false);
          expect(given.now - (since.get(id) ?? given.now)).toBeGreaterThanOrEqual(gap);
          const objects = here.get(id) ?? [];
          const mayGo = objects.some(
            (o) =>
              o.labels[platformLabel] === 'opencti' ||
              (!options.bothPlatforms && (o.labels[platformLabel] ?? '') === ''),
          );
          expect(mayGo || given.workflows.some((w) => w.id === id)).toBe(true);
          if (options.bothPlatforms) expect(objects.some((o) => (o.labels[platformLabel] ?? '') === '')).toBe(false);
        }
        if (given.complete) {
          for (const id of given.listed) since.delete(id);
          const named = new Set(result.candidates.map((c) => c.id));
          for (const id of since.keys()) if (!named.has(id)) since.delete(id);
          for (const id of named) if (!since.has(id)) since.set(id, given.now);
        }
      }
    }),
    { numRuns: 2000 },
  ));

test('a sweep that would take a quarter and at least three takes only what was confirmed', () =>
  fc.assert(
    fc.property(arbHistory, arbPolicy, (history, options) => {
      for (const { given, result } of replay(history, { ...options, allowMassRemoval: false })) {
        const mine = given.objects.filter(
          (o) =>
            o.labels[platformLabel] === 'opencti' || (!options.bothPlatforms && (o.labels[platformLabel] ?? '') === ''),
        );
        const named = mine.filter((o) => (o.labels[connectorLabel] ?? '') !== '');
        const gone = named.filter((o) =>
          result.remove.some((c) => c.id === o.labels[connectorLabel] && !given.confirmed.has(c.id)),
        );
        expect(gone.length >= 3 && gone.length >= named.length / 4).toBe(false);
      }
    }),
    { numRuns: 2000 },
  ));

test('the order of the lists changes nothing, and the same sweep again gives the same', () =>
  fc.assert(
    fc.property(arbHistory, arbPolicy, fc.infiniteStream(fc.nat()), (history, options, keys) => {
      const mix = <T>(list: readonly T[]): readonly T[] =>
        list
          .map((x) => ({ x, key: keys.next().value ?? 0 }))
          .toSorted((a, b) => a.key - b.key)
          .map(({ x }) => x);
      for (const { given, result } of replay(history, options)) {
        expect(sweep(given)).toEqual(result);
        const mixed: SweepInput = {
          ...given,
          objects: mix(given.objects),
          workflows: mix(given.workflows),
          listed: new Set(mix([...given.listed])),
        };
        expect(sweep(mixed)).toEqual(result);
      }
    }),
    { numRuns: 500 },
  ));
