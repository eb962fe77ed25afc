import { describe, expect, test } from 'vitest';
import type { RuntimeObject } from '../../model/connector.ts';
import { type Identity, identify } from '../../model/identity.ts';
import { connectorLabel, managerLabel, platformLabel } from '../../model/labels.ts';
import type { Desired } from '../../model/observation.ts';
import { plan } from '../../model/plan.ts';
import { defaultPolicy } from '../../model/policy.ts';
import {
  connectorId,
  desiredOf,
  iso,
  manager,
  memoryOf,
  minute,
  objectOf,
  ownLabels,
  seen,
  t0,
} from '../support/world.ts';

const d = desiredOf();
const { legacy, safe } = d.names;
const who = (objects: readonly RuntimeObject[], desired: Desired = d): Identity =>
  identify(desired, objects, [manager, 'previous']);
const kept = (objects: readonly RuntimeObject[]): readonly string[] => {
  const found = who(objects);
  return found.kind === 'ours' ? [found.object.ref, ...found.extras.map((o) => o.ref)] : [found.kind];
};
const { contractHash: _hash, specHash: _spec, ...bare } = objectOf({ labels: {} });
const stranger = (labels: Readonly<Record<string, string>>, more: Partial<RuntimeObject> = {}): RuntimeObject => ({
  ...bare,
  ref: 'stranger',
  labels,
  ...more,
});
const age = (minutes: number) => ({ createdAt: iso(t0 - minutes * minute) });

describe('exactly one container with our labels', () => {
  test.each([
    ['under the legacy name', objectOf()],
    ['under another name', objectOf({ name: 'renamed by hand' })],
    ['of a manager id this one had before', objectOf({ labels: { ...ownLabels, [managerLabel]: 'previous' } })],
    [
      'without a platform label, from an old release',
      objectOf({ labels: { [managerLabel]: manager, [connectorLabel]: connectorId } }),
    ],
    ['with an empty platform label', objectOf({ labels: { ...ownLabels, [platformLabel]: '' } })],
  ])('%s is ours', (_where, object) => expect(who([object])).toEqual({ kind: 'ours', object, extras: [] }));
});

describe('several containers with our labels: one is kept', () => {
  const old = { contractHash: 'old' };
  test.each<[string, RuntimeObject, RuntimeObject]>([
    [
      'the wanted one that runs before the wanted one that is down',
      objectOf(age(9)),
      objectOf({ state: 'down', ...age(1) }),
    ],
    [
      'the wanted one that is down before an old one that runs',
      objectOf({ state: 'down', ...age(9) }),
      objectOf({ ...old, ...age(1) }),
    ],
    [
      'an old one that runs before an old one that is down',
      objectOf({ ...old, ...age(9) }),
      objectOf({ ...old, state: 'down', ...age(1) }),
    ],
    ['the newer one of two that are alike', objectOf(age(1)), objectOf(age(9))],
    [
      'a living one before a dead one',
      objectOf({ ...old, state: 'down', ...age(9) }),
      objectOf({ state: 'failed', ...age(1) }),
    ],
  ])('%s', (_rule, better, worse) => {
    const [a, b] = [
      { ...better, ref: 'better', name: 'x' },
      { ...worse, ref: 'worse', name: 'y' },
    ];
    expect(kept([a, b])).toEqual(['better', 'worse']);
    expect(kept([b, a])).toEqual(['better', 'worse']);
  });

  test('alike in everything: the smaller reference, whatever the order', () => {
    const [a, b] = [objectOf({ ref: 'a', name: 'x' }), objectOf({ ref: 'b', name: 'y' })];
    expect(kept([b, a])).toEqual(['a', 'b']);
  });

  test('the half-made container of an interrupted replacement is never preferred', () => {
    const { startedAt: _never, ...half } = objectOf({ ref: 'half', name: `${legacy}-next`, state: 'down' });
    expect(kept([half, objectOf({ contractHash: 'old' })])).toEqual(['c0', 'half']);
  });

  test('the others are stopped at once, and removed when the kept one is as wanted', () => {
    const objects = [objectOf({ state: 'down' }), objectOf({ ref: 'other', name: 'x', contractHash: 'old' })];
    const first = plan(d, seen(objects), memoryOf(), defaultPolicy, t0);
    expect(first.steps).toMatchObject([{ kind: 'stop', ref: 'other' }]);
    const both = [objectOf(), objectOf({ ref: 'other', name: 'x', contractHash: 'old', state: 'down' })];
    expect(plan(d, seen(both), memoryOf(), defaultPolicy, t0).steps).toMatchObject([{ kind: 'remove', ref: 'other' }]);
  });
});

describe('no container with our labels', () => {
  test('and the name is free: it is missing', () => expect(who([])).toEqual({ kind: 'missing', name: legacy }));

  test('a name that no runtime takes gives way to the safe one', () =>
    expect(who([], desiredOf({ names: { ...d.names, legacyUsable: false } }))).toEqual({
      kind: 'missing',
      name: safe,
    }));

  test.each<[string, RuntimeObject]>([
    ['with our connector id and no manager', stranger({ [connectorLabel]: connectorId })],
    ['with our connector id and an empty manager', stranger({ [connectorLabel]: connectorId, [managerLabel]: '' })],
    [
      'without labels, but made by the tool before us for this connector',
      stranger({}, { contractHash: 'h', runsConnector: true }),
    ],
  ])('the one under our name %s is ours', (_what, object) =>
    expect(who([object])).toEqual({ kind: 'ours', object, extras: [] }),
  );

  test.each<[string, Readonly<Record<string, string>>]>([
    ['another connector', { ...ownLabels, [connectorLabel]: 'another' }],
    ["the other platform's connector", { ...ownLabels, [connectorLabel]: 'another', [platformLabel]: 'openaev' }],
    ['the other platform, with the same id', { [connectorLabel]: connectorId, [platformLabel]: 'openaev' }],
    ["another manager's connector", { ...ownLabels, [managerLabel]: 'them', [connectorLabel]: 'another' }],
    ['nobody', {}],
  ])('our name belongs to %s: ours gets the safe name, and a line says so once', (_whose, labels) => {
    expect(who([stranger(labels)])).toEqual({ kind: 'missing', name: safe, collision: legacy });
    const p = plan(d, seen([stranger(labels)]), memoryOf(), defaultPolicy, t0);
    expect(p.steps).toMatchObject([{ kind: 'deploy', name: safe }]);
    expect(p.note).toMatchObject({ event: 'name_conflict', level: 'warn' });
  });

  test('a container without our hash is not ours by its name alone, although it runs our connector: nothing is deployed', () => {
    const found = who([stranger({}, { runsConnector: true })]);
    expect(found).toMatchObject({ kind: 'blocked', event: 'unmanaged_duplicate' });
    expect('message' in found ? found.message : '').toContain(
      'an unmanaged container "mitre-att-ck" already runs this connector',
    );
  });

  test('an unknown manager has our connector: nothing is deployed, and the remedy is named', () => {
    const found = who([stranger({ ...ownLabels, [managerLabel]: 'them' }, { name: 'anything' })]);
    expect(found).toMatchObject({ kind: 'blocked', event: 'foreign_manager' });
    expect('message' in found ? found.message : '').toMatch(/managed by "them".*manager\.previous_ids/);
  });

  test('both names are taken: nothing is deployed', () => {
    const objects = [stranger({}), stranger({}, { ref: 's2', name: safe })];
    expect(who(objects)).toMatchObject({ kind: 'blocked', event: 'name_conflict' });
    expect(who(objects.toReversed())).toEqual(who(objects));
  });

  test('what is blocked is told as stopped if the platform believes otherwise, and looked at again', () => {
    const objects = [stranger({ ...ownLabels, [managerLabel]: 'them' })];
    const blocked = (reported: 'started' | 'stopped') =>
      plan(desiredOf({ reported }), seen(objects), memoryOf(), defaultPolicy, t0);
    expect(blocked('started')).toMatchObject({ steps: [], phase: 'failed', report: 'stopped', wakeAt: t0 + minute });
    expect(blocked('stopped').report).toBeUndefined();
  });
});
