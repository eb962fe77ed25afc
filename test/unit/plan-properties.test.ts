import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { ObjectState, RuntimeObject } from '../../model/connector.ts';
import { identify, isRightName } from '../../model/identity.ts';
import { connectorLabel, managerLabel, platformLabel } from '../../model/labels.ts';
import type { Desired } from '../../model/observation.ts';
import { outdated, plan } from '../../model/plan.ts';
import { type Policy, defaultPolicy } from '../../model/policy.ts';
import { type Life, act, dueStep, lifeOf, think, wait } from '../support/life.ts';
import {
  type World,
  alter,
  connectorId,
  crash,
  desiredOf,
  find,
  iso,
  manager,
  memoryOf,
  minute,
  second,
  seen,
  t0,
  vanish,
} from '../support/world.ts';

const policy: Policy = { ...defaultPolicy, managerIds: [manager, 'previous-manager'] };
const { legacy, safe } = desiredOf().names;

// The rule of the labels, written down once more and apart from the model.
const isLabelled = (o: RuntimeObject, d: Desired): boolean =>
  o.labels[connectorLabel] === d.id &&
  policy.managerIds.includes(o.labels[managerLabel] ?? '') &&
  [undefined, '', d.platform].includes(o.labels[platformLabel]);
/** From before there were labels; ours only as long as there is no labelled one. */
function isAncient(o: RuntimeObject, d: Desired): boolean {
  const { [connectorLabel]: id, [managerLabel]: by, [platformLabel]: on } = o.labels;
  if (o.name !== d.names.legacy || (by ?? '') !== '') return false;
  if (id === d.id) return [undefined, '', d.platform].includes(on);
  return by === undefined && id === undefined && o.runsConnector === true && o.contractHash !== undefined;
}
function ours({ objects }: World, d: Desired): readonly RuntimeObject[] {
  const labelled = objects.filter((o) => isLabelled(o, d));
  return labelled.length > 0 ? labelled : objects.filter((o) => isAncient(o, d));
}
const foreign = (w: World, d: Desired): readonly RuntimeObject[] =>
  w.objects.filter((o) => !isLabelled(o, d) && !isAncient(o, d));
const running = (w: World, d: Desired): number => ours(w, d).filter((o) => o.state === 'running').length;

const arbBody = (states: readonly ObjectState[]): fc.Arbitrary<Partial<RuntimeObject>> =>
  fc
    .record({
      state: fc.constantFrom(...states),
      hash: fc.constantFrom('new', 'new', 'old', 'older', undefined),
      spec: fc.constantFrom('spec', 'spec', 'other', undefined),
      age: fc.integer({ min: 1, max: 1000 }),
      ran: fc.boolean(),
    })
    .map(({ state, hash, spec, age, ran }) => ({
      state,
      createdAt: iso(t0 - age * 60 * minute),
      ...(ran || state === 'running' || state === 'paused' ? { startedAt: iso(t0 - age * 60 * minute) } : {}),
      ...(hash === undefined ? {} : { contractHash: hash }),
      ...(spec === undefined ? {} : { specHash: spec }),
    }));

const arbOwn = fc
  .tuple(
    arbBody(['running', 'running', 'down', 'down', 'paused', 'transitional', 'failed']),
    fc.constantFrom(manager, 'previous-manager'),
    fc.constantFrom('opencti', '', undefined),
  )
  .map(([body, by, on]) => ({
    ...body,
    labels: { [managerLabel]: by, [connectorLabel]: connectorId, ...(on === undefined ? {} : { [platformLabel]: on }) },
  }));

/** Of another connector, another platform, another manager, or of nobody, maybe with the connector's id inside. */
const arbForeign = fc
  .tuple(
    arbBody(['running', 'down', 'paused']),
    fc.constantFrom<Readonly<Record<string, string>>>(
      {},
      { [connectorLabel]: connectorId },
      { [connectorLabel]: connectorId, [managerLabel]: 'stranger' },
      { [connectorLabel]: connectorId, [managerLabel]: manager, [platformLabel]: 'openaev' },
      { [connectorLabel]: connectorId, [platformLabel]: 'openaev' },
      { [connectorLabel]: 'another', [managerLabel]: manager, [platformLabel]: 'opencti' },
    ),
    fc.boolean(),
  )
  .map(([body, labels, runs]) => ({
    ...body,
    labels,
    ...(runs && labels[connectorLabel] === undefined ? { runsConnector: true } : {}),
  }));

const ownNames = [legacy, safe, 'old-name'].flatMap((name) => [name, `${name}-next`, `${name}-prev`]);
/** Up to four of ours under any name, leftovers included, and up to two foreign ones, mostly under our names. */
const arbWorld = fc
  .tuple(
    fc.array(fc.tuple(arbOwn, fc.constantFrom(...ownNames)), { maxLength: 4 }),
    fc.array(fc.tuple(arbForeign, fc.constantFrom(legacy, safe, 'far-away')), { maxLength: 2 }),
  )
  .map(([own, others]): World => {
    const named = [...new Map([...others, ...own].map(([o, name]) => [name, o]))];
    const objects = named.map(([name, o], i) => ({
      runtimeRestarts: 0,
      state: 'down' as const,
      ...o,
      name,
      ref: `c${i}`,
    }));
    return { now: t0, serial: objects.length, objects };
  });

const arbDesired = fc
  .record({
    requested: fc.constantFrom('start', 'stop'),
    reported: fc.constantFrom('started', 'stopped', null),
    usable: fc.boolean(),
  })
  .map(({ requested, reported, usable }) =>
    desiredOf({ requested, reported, names: { legacy, safe, legacyUsable: usable } }),
  );

/** The same containers again, whatever became of them. */
const again = (w: World, those: readonly RuntimeObject[]): readonly RuntimeObject[] =>
  w.objects.filter((o) => those.some((x) => x.ref === o.ref));

/** What is not as it should be once all is done. */
function complaints(life: Life): readonly string[] {
  const { world: w, desired: d } = life;
  const all = find(w, d);
  const found = identify(d, all, policy.managerIds);
  if (found.kind === 'blocked') return running(w, d) === 0 ? [] : ['runs although it is blocked'];
  if (found.kind === 'missing') return ['there is none'];
  const told = life.memory.told?.status ?? d.reported;
  const { object, extras } = found;
  const takenByOthers = (name: string) => all.some((o) => o.name === name && o.ref !== object.ref);
  const noName = takenByOthers(safe) && (takenByOthers(legacy) || !d.names.legacyUsable);
  return [
    ...(extras.length > 0 ? ['there is more than one'] : []),
    ...(isRightName(object, d) || noName ? [] : [`it is called ${object.name}`]),
    ...(outdated(d, object, policy) === undefined ? [] : ['it is outdated']),
    ...((object.state === 'running') === (d.requested === 'start') ? [] : [`it is ${object.state}`]),
    ...(told === (d.requested === 'start' ? 'started' : 'stopped') ? [] : [`the platform believes ${told}`]),
  ];
}

interface Ran {
  readonly life: Life;
  readonly steps: number;
}

/** Lives until nothing is left to do; every world on the way obeys the rules that hold always. */
function live(start: Life, limit: number, waits = 0): Ran {
  let life = start;
  let most = running(life.world, life.desired);
  const strangers = foreign(life.world, life.desired);
  for (let steps = 0, waited = 0; ;) {
    const thought = think(life);
    life = thought.life;
    const next = thought.plan;
    if (next.wakeAt !== undefined) expect(next.wakeAt).toBeGreaterThan(life.world.now);
    const step = dueStep(life, next);
    if (step === undefined) {
      const until = next.steps.length > 0 ? life.memory.failure?.retryAt : next.wakeAt;
      const between = find(life.world, life.desired).some((o) => o.state === 'transitional');
      if (until === undefined || (waits <= waited && !between) || waited > 40) return { life, steps };
      waited += 1;
      life = wait(life, until);
      continue;
    }
    if (steps++ === limit) throw new Error(`no rest after ${limit} steps, next ${JSON.stringify(step)}`);
    if ('ref' in step) {
      expect(ours(life.world, life.desired).map((o) => o.ref)).toContain(step.ref);
    }
    const done = act(life, step);
    life = done.life;
    for (const stage of done.stages) {
      const up = running(stage, life.desired);
      expect(up).toBeLessThanOrEqual(Math.max(1, most));
      most = Math.max(1, Math.min(most, up));
      expect(again(stage, strangers)).toEqual(strangers);
    }
  }
}

const runs = { numRuns: 1000 };
/** For each that may be ours a wake-up, a stop and a removal; then a new name and a replacement. */
const bound = (w: World): number => 3 * w.objects.length + 2;

describe('whatever is found', () => {
  test('a few steps lead to one container, rightly named, with the wanted configuration, up exactly if wanted', () =>
    fc.assert(
      fc.property(arbWorld, arbDesired, (w, d) => {
        const { life } = live(lifeOf(w, { desired: d, policy }), bound(w));
        expect(complaints(life)).toEqual([]);
      }),
      runs,
    ));

  test('a settled world needs no step and nothing to be told', () =>
    fc.assert(
      fc.property(arbWorld, arbDesired, (w, d) => {
        const { life } = live(lifeOf(w, { desired: d, policy }), bound(w));
        const { plan: next } = think(life);
        expect(next.steps).toEqual([]);
        expect(next.report).toBeUndefined();
      }),
      runs,
    ));

  test('equal input gives an equal plan, and the order of the list changes nothing', () =>
    fc.assert(
      fc.property(arbWorld, arbDesired, fc.infiniteStream(fc.nat()), (w, d, keys) => {
        const order = w.objects.map((o) => ({ o, key: keys.next().value ?? 0 })).toSorted((a, b) => a.key - b.key);
        const once = plan(d, seen(w.objects), memoryOf(), policy, t0);
        expect(plan(d, seen(w.objects), memoryOf(), policy, t0)).toEqual(once);
        expect(plan(d, seen(order.map(({ o }) => o)), memoryOf(), policy, t0)).toEqual(once);
      }),
      runs,
    ));

  test('until the time a plan names nothing has to be done, and after it something has', () =>
    fc.assert(
      fc.property(arbWorld, arbDesired, fc.integer({ min: 1, max: 100_000 }), (w, d, ms) => {
        const { life, plan: now } = think(lifeOf(w, { desired: d, policy }));
        if (now.steps.length > 0) return;
        const at = life.world.now + ms;
        if (now.wakeAt !== undefined && at >= now.wakeAt) return;
        expect(plan(d, seen(find(w, d)), life.memory, policy, at).steps).toEqual([]);
      }),
      runs,
    ));
});

type Event =
  | { readonly kind: 'refuse'; readonly as: string }
  | { readonly kind: 'interrupt'; readonly stage: number }
  | { readonly kind: 'crash' | 'again' | 'pause' | 'vanish' }
  | { readonly kind: 'want'; readonly requested: 'start' | 'stop' }
  | { readonly kind: 'hash'; readonly to: string }
  | { readonly kind: 'pass'; readonly ms: number };

const arbEvent = fc.oneof(
  fc
    .constantFrom('ImagePull', 'CreateRefused', 'StartFailed', 'SwapUndone', 'RuntimeUnavailable', 'NameConflict')
    .map((as): Event => ({ kind: 'refuse', as })),
  fc.nat({ max: 6 }).map((stage): Event => ({ kind: 'interrupt', stage })),
  fc.nat({ max: 6 }).map((stage): Event => ({ kind: 'interrupt', stage })),
  fc.constantFrom<Event>({ kind: 'crash' }, { kind: 'again' }, { kind: 'pause' }, { kind: 'vanish' }),
  fc.constantFrom<Event>({ kind: 'want', requested: 'start' }, { kind: 'want', requested: 'stop' }),
  fc.constantFrom('new', 'old', 'third').map((to): Event => ({ kind: 'hash', to })),
  fc.integer({ min: second, max: 90 * minute }).map((ms): Event => ({ kind: 'pass', ms })),
);

/** One event, and one look, plan and step behind it. */
function suffer(life: Life, event: Event): Life {
  const mine = ours(life.world, life.desired);
  const target = mine.find((o) => o.state === 'running') ?? mine[0];
  const ref = target?.ref ?? '';
  const before = life.desired;
  const listed = { listedAt: iso(life.world.now), reported: life.memory.told?.status ?? before.reported };
  let now = life;
  if (event.kind === 'crash') now = { ...life, world: crash(life.world, ref) };
  if (event.kind === 'again') now = { ...life, world: crash(life.world, ref, true) };
  if (event.kind === 'pause' && target?.state === 'running')
    now = { ...life, world: alter(life.world, ref, { state: 'paused' }) };
  if (event.kind === 'vanish') now = { ...life, world: vanish(life.world, ref) };
  if (event.kind === 'want') now = { ...life, desired: { ...before, ...listed, requested: event.requested } };
  if (event.kind === 'hash') now = { ...life, desired: { ...before, ...listed, contractHash: event.to } };
  if (event.kind === 'pass') now = wait(life, life.world.now + event.ms);
  const thought = think(now, before);
  const step = dueStep(thought.life, thought.plan);
  if (step === undefined) return thought.life;
  const done = act(
    thought.life,
    step,
    event.kind === 'refuse' ? { refuse: event.as } : event.kind === 'interrupt' ? { interrupt: event.stage } : {},
  );
  for (const stage of done.stages) expect(running(stage, life.desired)).toBeLessThanOrEqual(1);
  return done.life;
}

describe('whatever happens', () => {
  test('once it is quiet again all is as wanted, and on the way two containers never run', () =>
    fc.assert(
      fc.property(arbDesired, fc.array(arbEvent, { maxLength: 25 }), (d, events) => {
        const tossed = events.reduce(suffer, lifeOf({ now: t0, serial: 0, objects: [] }, { desired: d, policy }));
        const { life } = live(tossed, 60, 40);
        expect(complaints(life)).toEqual([]);
      }),
      runs,
    ));
});
