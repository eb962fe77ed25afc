import { describe, expect, test } from 'vitest';
import type { RuntimeObject } from '../../model/connector.ts';
import { connectorLabel, managerLabel, platformLabel } from '../../model/labels.ts';
import { type SweepInput, type SweepResult, type SweepState, sweep } from '../../model/orphans.ts';
import { iso, manager, minute, objectOf, second, t0 } from '../support/world.ts';

const gap = 10 * second;
const policy = {
  sweeps: 2,
  sweepGap: gap,
  guardRatio: 0.25,
  guardMin: 3,
  allowMassRemoval: false,
  bothPlatforms: false,
};
const on = (id: string, platform: string | undefined = 'opencti', more: Partial<RuntimeObject> = {}): RuntimeObject =>
  objectOf({
    ref: `ref-${id}`,
    name: `name-${id}`,
    labels: {
      [managerLabel]: manager,
      ...(id === '' ? {} : { [connectorLabel]: id }),
      ...(platform === undefined ? {} : { [platformLabel]: platform }),
    },
    ...more,
  });
const unlabelled = (id: string): RuntimeObject => {
  const o = on(id);
  return { ...o, labels: { [managerLabel]: manager, [connectorLabel]: id } };
};
const many = (count: number, from = 0): readonly string[] =>
  Array.from({ length: count }, (_, i) => `id-${String(i + from).padStart(3, '0')}`);

const input = (more: Partial<SweepInput> = {}): SweepInput => ({
  platform: 'opencti',
  listed: new Set(['kept']),
  complete: true,
  size: more.listed?.size ?? 1,
  objects: [],
  workflows: [],
  previous: { candidates: [] },
  confirmed: new Set(),
  policy,
  now: t0,
  ...more,
});
/** The same situation sweep after sweep, `gap` apart. */
const sweeps = (more: Partial<SweepInput>, count = 2, apart = gap): SweepResult => {
  let previous: SweepState = { candidates: [] };
  let result = sweep(input(more));
  for (let i = 1; i < count; i++) {
    previous = result;
    result = sweep(input({ ...more, previous, now: t0 + i * apart }));
  }
  return result;
};
const ids = (r: SweepResult): readonly string[] => r.remove.map((c) => c.id);
const candidates = (r: SweepResult): readonly string[] => r.candidates.map((c) => c.id);
/** Enough others that the guard has no reason to speak. */
const crowd = many(20);
const listed = new Set(crowd);
const others = crowd.map((id) => on(id));

describe('whose container it is', () => {
  const both = { ...policy, bothPlatforms: true };
  test.each<[string, readonly string[], Partial<SweepInput>]>([
    ['of this platform, not listed: removed', ['gone'], { objects: [...others, on('gone')] }],
    ['of this platform, listed: kept', [], { objects: others }],
    [
      'of this platform, listed, with a wrong name: kept',
      [],
      { objects: [...others.slice(1), on('id-000', 'opencti', { name: 'other' })] },
    ],
    ['of the other platform: never touched', [], { objects: [...others, on('gone', 'openaev')] }],
    [
      'without platform label, one platform in use, not listed: removed',
      ['gone'],
      { objects: [...others, unlabelled('gone')] },
    ],
    [
      'without platform label, one platform in use, listed: kept',
      [],
      { objects: [...others.slice(1), unlabelled('id-000')] },
    ],
    [
      'without platform label, two platforms in use: never removed',
      [],
      { objects: [...others, unlabelled('gone')], policy: both },
    ],
    ['without connector id: skipped', [], { objects: [...others, on('')] }],
  ])('%s', (_what, removed, more) => expect(ids(sweeps({ listed, ...more }))).toEqual(removed));

  test('one without connector id is shown, and is no error', () =>
    expect(sweep(input({ objects: [on('')] })).nameless).toEqual([{ ref: 'ref-', name: 'name-' }]));

  test('a legacy one that neither platform lists is shown as unassigned; one that either lists is not', () => {
    const objects = ['kept', 'theirs', 'nobody'].map(unlabelled);
    const r = sweeps({ objects, policy: both, listedElsewhere: new Set(['theirs']) });
    expect(r.unassigned).toEqual([{ ref: 'ref-nobody', name: 'name-nobody' }]);
    expect(r.candidates).toEqual([]);
  });

  test('the workflow of an adopted legacy container is not ended behind its back', () => {
    const r = sweeps({ objects: [unlabelled('gone')], workflows: [{ id: 'gone', name: 'n' }], policy: both }, 5);
    expect(r.remove).toEqual([]);
  });

  test('a workflow without any container ends like an orphan', () =>
    expect(ids(sweeps({ workflows: [{ id: 'gone', name: 'Gone' }] }))).toEqual(['gone']));
});

describe('two sweeps in a row', () => {
  const objects = [...others, on('gone')];
  const first = sweep(input({ listed, objects }));

  test('the first one removes nothing', () => {
    expect(ids(first)).toEqual([]);
    expect(first.candidates).toEqual([
      { id: 'gone', name: 'name-gone', firstSeen: iso(t0), lastCounted: iso(t0), sweeps: 1 },
    ]);
  });

  test('a second one that comes too soon does not count', () => {
    const soon = sweep(input({ listed, objects, previous: first, now: t0 + gap - 1 }));
    expect(ids(soon)).toEqual([]);
    expect(ids(sweep(input({ listed, objects, previous: soon, now: t0 + gap })))).toEqual(['gone']);
  });

  test('listed again in between: it starts from the beginning', () => {
    const back = sweep(input({ listed: new Set([...crowd, 'gone']), objects, previous: first, now: t0 + gap }));
    expect(back.candidates).toEqual([]);
    expect(ids(sweep(input({ listed, objects, previous: back, now: t0 + 2 * gap })))).toEqual([]);
  });

  test('an incomplete listing proves nothing, and loses nothing', () => {
    const half = sweep(input({ listed: new Set(), complete: false, objects, previous: first, now: t0 + gap }));
    expect(ids(half)).toEqual([]);
    expect(half.candidates).toEqual(first.candidates);
    expect(ids(sweep(input({ listed, objects, previous: half, now: t0 + 2 * gap })))).toEqual(['gone']);
  });

  test('what could not be removed stays a candidate', () =>
    expect(ids(sweeps({ listed, objects }, 9))).toEqual(['gone']));
});

describe('too many at once', () => {
  const going = (of: number, gone: number, more: Partial<SweepInput> = {}): SweepResult => {
    const all = many(of);
    return sweeps({ listed: new Set(all.slice(gone)), objects: all.map((id) => on(id)), ...more });
  };
  test.each([
    [12, 3, true],
    [13, 3, false],
    [4, 2, false],
    [4, 3, true],
    [100, 24, false],
    [100, 25, true],
    [3, 2, false],
  ])('of %i containers %i would go: held %s', (of, gone, held) => {
    const r = going(of, gone);
    expect(r.guard?.kind).toBe(held ? 'too-many' : undefined);
    expect(r.remove).toHaveLength(held ? 0 : gone);
  });

  test('the message names the numbers and the command', () =>
    expect(going(12, 3).guard?.message).toBe(
      '3 of 12 containers would be removed at once; confirm with "cadenza orphans confirm opencti"',
    ));

  test('containers of the other platform do not thin it out', () => {
    const theirs = many(50, 100).map((id) => on(id, 'openaev'));
    const all = many(12);
    const r = sweeps({ listed: new Set(all.slice(3)), objects: [...all.map((id) => on(id)), ...theirs] });
    expect(r.guard?.kind).toBe('too-many');
  });

  test('a listing that shrinks bit by bit trips it as well', () => {
    const all = many(12);
    const objects = all.map((id) => on(id));
    const one = sweep(input({ listed: new Set(all.slice(2)), objects }));
    const two = sweep(input({ listed: new Set(all.slice(4)), objects, previous: one, now: t0 + gap }));
    expect(ids(two)).toEqual([]);
    expect(two.guard?.kind).toBe('too-many');
  });

  test('while it holds, workflows without a container stay too', () =>
    expect(going(12, 3, { workflows: [{ id: 'lost', name: 'lost' }] }).remove).toEqual([]));

  test('it may be switched off', () =>
    expect(going(12, 12, { policy: { ...policy, allowMassRemoval: true } }).remove).toHaveLength(12));

  describe('confirmed by a person', () => {
    test('exactly the confirmed ones go', () => {
      const r = going(12, 3, { confirmed: new Set(many(3)) });
      expect(ids(r)).toEqual(many(3));
      expect(r.guard).toBeNull();
    });

    test('one that came later stays held, and the guard stays up', () => {
      const r = going(12, 4, { confirmed: new Set(many(3)) });
      expect(ids(r)).toEqual(many(3));
      expect(r.guard?.kind).toBe('too-many');
    });

    test('even then nothing goes in the first sweep, and nothing that is listed', () => {
      const all = many(12);
      const objects = all.map((id) => on(id));
      const confirmed = new Set(all);
      expect(ids(sweep(input({ listed: new Set(all.slice(3)), objects, confirmed })))).toEqual([]);
      expect(ids(sweeps({ listed: new Set(all.slice(3)), objects, confirmed }))).toEqual(many(3));
    });
  });
});

describe('an empty listing', () => {
  const nothing = { listed: new Set<string>(), size: 0 };
  const two = { ...nothing, objects: [on('a'), on('b')] };

  test('removes nothing while containers exist', () => {
    const r = sweeps({ ...nothing, objects: many(3).map((id) => on(id)) }, 100);
    expect(r.guard?.kind).toBe('empty-listing');
    expect(ids(r)).toEqual([]);
  });

  test('takes the last one or two after three in a row over five minutes, without a command', () => {
    expect(ids(sweeps(two, 2, 5 * minute))).toEqual([]);
    expect(ids(sweeps(two, 3, 2 * minute))).toEqual([]);
    expect(ids(sweeps(two, 3, 150 * second))).toEqual(['a', 'b']);
    expect(ids(sweeps(two, 31, 10 * second))).toEqual(['a', 'b']);
    expect(ids(sweeps(two, 30, 10 * second))).toEqual([]);
  });

  test('two containers of one connector and one of another are three', () => {
    const objects = [on('a'), on('a', 'opencti', { ref: 'a2', name: 'a-prev' }), on('b')];
    expect(ids(sweeps({ ...nothing, objects }, 31, 10 * second))).toEqual([]);
  });

  test('one that is not empty in between starts the count anew', () => {
    const before = sweeps(two, 30, 10 * second);
    const filled = { listed: new Set(['a']), size: 1, previous: before, now: t0 + 300 * second };
    const not = sweep(input({ ...two, ...filled }));
    expect(not.empty).toBeUndefined();
    const broken = sweep(input({ ...two, complete: false, size: 1, previous: before, now: t0 + 300 * second }));
    expect(broken.empty).toBeUndefined();
  });

  test('with nothing there at all is no reason to speak', () => expect(sweeps(nothing).guard).toBeNull());

  test('with all of them confirmed they go at once', () => {
    const objects = many(9).map((id) => on(id));
    expect(ids(sweeps({ ...nothing, objects, confirmed: new Set(many(9)) }))).toEqual(many(9));
  });
});

describe('a listing of exactly 500 records', () => {
  const cut = { listed: new Set(many(500)), size: 500 };
  const objects = [...many(500).map((id) => on(id)), on('beyond')];

  test('may be cut off: nothing is removed on its strength', () => {
    const r = sweeps({ ...cut, objects });
    expect(r.guard?.kind).toBe('truncated-listing');
    expect(ids(r)).toEqual([]);
  });
  test('unless confirmed', () =>
    expect(ids(sweeps({ ...cut, objects, confirmed: new Set(['beyond']) }))).toEqual(['beyond']));
  test('with nobody missing is no reason to speak', () =>
    expect(sweeps({ ...cut, objects: objects.slice(0, 500) }).guard).toBeNull());
  test('499 and 501 are whole', () => {
    expect(
      ids(sweeps({ listed: new Set(many(499)), size: 499, objects: [...many(499).map((id) => on(id)), on('beyond')] })),
    ).toEqual(['beyond']);
    expect(
      ids(sweeps({ listed: new Set(many(501)), size: 501, objects: [...many(501).map((id) => on(id)), on('beyond')] })),
    ).toEqual(['beyond']);
  });
});

test('candidates are named by container, then by connector, in the order of their ids', () => {
  const r = sweep(
    input({
      listed,
      objects: [...others, on('z'), on('a')],
      workflows: [
        { id: 'm', name: 'Em' },
        { id: 'a', name: 'Ay' },
      ],
    }),
  );
  expect(candidates(r)).toEqual(['a', 'm', 'z']);
  expect(r.candidates.map((c) => c.name)).toEqual(['name-a', 'Em', 'name-z']);
});
