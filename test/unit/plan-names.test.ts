import { describe, expect, test } from 'vitest';
import type { RuntimeObject } from '../../model/connector.ts';
import { connectorLabel } from '../../model/labels.ts';
import { plan } from '../../model/plan.ts';
import { defaultPolicy } from '../../model/policy.ts';
import { lifeOf, walk } from '../support/life.ts';
import { desiredOf, memoryOf, objectOf, ownLabels, seen, t0, worldOf } from '../support/world.ts';

const told = { reported: 'started' } as const;
const { legacy, safe } = desiredOf().names;
const steps = (objects: readonly RuntimeObject[], more: Parameters<typeof desiredOf>[0] = {}, policy = defaultPolicy) =>
  plan(desiredOf({ ...told, ...more }), seen(objects), memoryOf(), policy, t0).steps;
const foreign = (name: string, ref: string): RuntimeObject =>
  objectOf({ name, ref, labels: { ...ownLabels, [connectorLabel]: 'another' } });

describe('a connector was renamed on its platform', () => {
  test('its container is renamed in place, without a restart', () => {
    const end = walk(lifeOf(worldOf(objectOf({ name: 'before' })), { desired: desiredOf(told) }));
    expect(end.trail).toEqual(['rename']);
    expect(end.life.world.objects).toMatchObject([{ ref: 'c0', name: legacy, state: 'running' }]);
  });

  test('a stopped one too', () =>
    expect(
      steps([objectOf({ name: 'before', state: 'down' })], { requested: 'stop', reported: 'stopped' }),
    ).toMatchObject([{ kind: 'rename', name: legacy }]));

  test('with a new configuration the replacement has the new name at once', () => {
    const life = lifeOf(worldOf(objectOf({ name: 'before', contractHash: 'old' })), { desired: desiredOf(told) });
    const end = walk(life);
    expect(end.trail).toEqual(['refresh and start']);
    expect(end.life.world.objects).toMatchObject([{ name: legacy }]);
  });

  test('where the new name is taken it gets the safe one, also with a new configuration', () => {
    const others = [foreign(legacy, 'f1')];
    expect(steps([objectOf({ name: 'before' }), ...others])).toMatchObject([{ kind: 'rename', name: safe }]);
    const old = objectOf({ name: 'before', contractHash: 'old' });
    expect(steps([old, ...others])).toMatchObject([{ kind: 'refresh', name: safe }]);
  });

  test('where both are taken it keeps the name it has', () => {
    const others = [foreign(legacy, 'f1'), foreign(safe, 'f2')];
    expect(steps([objectOf({ name: 'before' }), ...others])).toEqual([]);
    const old = objectOf({ name: 'before', contractHash: 'old' });
    expect(steps([old, ...others])).toMatchObject([{ kind: 'refresh', name: 'before' }]);
  });

  test('a runtime that cannot rename keeps the old name until the next replacement', () => {
    const fixed = { ...defaultPolicy, renames: false };
    expect(steps([objectOf({ name: 'before' })], {}, fixed)).toEqual([]);
    expect(steps([objectOf({ name: 'before', contractHash: 'old' })], {}, fixed)).toMatchObject([
      { kind: 'refresh', name: legacy },
    ]);
  });

  test('the safe name is a right name: taking over such a container changes nothing', () =>
    expect(steps([objectOf({ name: safe })])).toEqual([]));

  test('a legacy name that is no longer given out is a right name too', () => {
    const names = { legacy: 'étoile--beta-', safe: 'toile-beta-24c91f6c', legacyUsable: false };
    expect(steps([objectOf({ name: names.legacy })], { names })).toEqual([]);
  });
});

/** What a worker that died in the middle of a replacement leaves, stage by stage. */
const old = (more: Partial<RuntimeObject> = {}) => objectOf({ ref: 'old', contractHash: 'old', ...more });
const fresh = (more: Partial<RuntimeObject> = {}): RuntimeObject => {
  const {
    startedAt: _never,
    finishedAt: _end,
    exitCode: _code,
    ...made
  } = objectOf({ ref: 'fresh', state: 'down', ...more });
  return made.state === 'running' ? objectOf({ ref: 'fresh', ...more }) : made;
};
const next = `${legacy}-next`;
const prev = `${legacy}-prev`;

describe('a replacement was interrupted', () => {
  test.each<[string, readonly RuntimeObject[], readonly string[]]>([
    [
      'behind the creation: the old one runs on until it is replaced anew',
      [old(), fresh({ name: next })],
      ['remove', 'refresh and start'],
    ],
    ['behind the stop', [old({ state: 'down' }), fresh({ name: next })], ['remove', 'refresh and start']],
    [
      'between the renames',
      [old({ state: 'down', name: prev }), fresh({ name: next })],
      ['remove', 'rename', 'refresh and start'],
    ],
    ['behind the renames: it is completed', [old({ state: 'down', name: prev }), fresh()], ['refresh and start']],
    [
      'behind the start: the old one goes',
      [old({ state: 'down', name: prev }), fresh({ state: 'running' })],
      ['remove'],
    ],
    [
      'while it was undone: the old one gets its name back',
      [old({ state: 'down', name: prev })],
      ['rename', 'refresh and start'],
    ],
    ['and only the half-made one is left', [fresh({ name: next })], ['remove', 'deploy and start']],
  ])('%s', (_when, objects, does) => {
    const end = walk(lifeOf(worldOf(...objects), { desired: desiredOf(told) }));
    expect(end.trail.filter((t) => !t.startsWith('tell'))).toEqual(does);
    expect(end.life.world.objects).toMatchObject([{ name: legacy, contractHash: 'new', state: 'running' }]);
  });

  test('and the platform wants the old configuration back: the old one stays, without a restart', () => {
    const objects = [old(), fresh({ name: next })];
    const end = walk(lifeOf(worldOf(...objects), { desired: desiredOf({ ...told, contractHash: 'old' }) }));
    expect(end.trail).toEqual(['remove']);
    expect(end.life.world.objects).toEqual([old()]);
  });

  test('and the platform wants a third configuration: nothing stands in its way', () => {
    const objects = [old({ state: 'down', name: prev }), fresh()];
    const end = walk(lifeOf(worldOf(...objects), { desired: desiredOf({ ...told, contractHash: 'third' }) }));
    expect(end.trail).toEqual(['remove', 'refresh and start']);
  });

  test('and the connector shall be stopped now: the new one is kept, unstarted', () => {
    const objects = [old({ state: 'down', name: prev }), fresh()];
    const end = walk(lifeOf(worldOf(...objects), { desired: desiredOf({ requested: 'stop' }) }));
    expect(end.trail).toEqual(['remove']);
    expect(end.life.world.objects).toMatchObject([{ ref: 'fresh', state: 'down' }]);
  });

  test('and the connector was renamed meanwhile: leftovers of the old name go too, once', () => {
    const objects = [objectOf(), fresh({ name: 'before-next', contractHash: 'old' })];
    expect(walk(lifeOf(worldOf(...objects), { desired: desiredOf(told) })).trail).toEqual(['remove']);
  });

  test('a long name is shortened for the leftovers and found again', () => {
    const long = 'a'.repeat(63);
    const names = { legacy: long, safe, legacyUsable: true };
    const objects = [old({ state: 'down', name: `${'a'.repeat(58)}-prev` }), fresh({ name: long })];
    const end = walk(lifeOf(worldOf(...objects), { desired: desiredOf({ ...told, names }) }));
    expect(end.trail).toEqual(['refresh and start']);
  });
});
