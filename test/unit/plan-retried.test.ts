import { describe, expect, test } from 'vitest';
import type { Site } from '../../activities/deps.ts';
import { look } from '../../activities/look.ts';
import type { RuntimeObject } from '../../model/connector.ts';
import { defaultPolicy } from '../../model/policy.ts';
import { type Life, lifeOf, think, wait, walk } from '../support/life.ts';
import { alter, desiredOf, iso, memoryOf, minute, objectOf, pass, second, t0, worldOf } from '../support/world.ts';

/** A runtime that goes on trying by itself, as Kubernetes does. */
const policy = { ...defaultPolicy, loopAction: 'flag', renames: false } as const;
const told = { reported: 'started' } as const;
const calm = (more: Partial<RuntimeObject> = {}): Life =>
  walk(lifeOf(worldOf(objectOf(more)), { desired: desiredOf(told), policy })).life;
const becomes = (life: Life, more: Partial<RuntimeObject>): Life => ({
  ...life,
  world: alter(pass(life.world, second), 'c0', more),
});
const backOff = (ends: number, at = t0): Partial<RuntimeObject> => ({
  state: 'down',
  reason: 'CrashLoopBackOff',
  retried: true,
  runtimeRestarts: ends,
  exitCode: 1,
  finishedAt: iso(at + ends * second),
});
const noImage: Partial<RuntimeObject> = { state: 'failed', reason: 'ImagePullBackOff: not found', retried: true };

describe('an object its runtime keeps trying to start', () => {
  test('is not started again: each end counts once, and from the fourth on it loops', () => {
    let life = calm();
    for (let ends = 1; ends <= 5; ends++) {
      const down = walk(becomes(life, backOff(ends)));
      expect(down.trail.filter((t) => !t.startsWith('tell'))).toEqual([]);
      expect(down.life.memory.crashes).toBe(ends);
      const up = walk(
        becomes(down.life, { state: 'running', startedAt: iso(down.life.world.now), runtimeRestarts: ends }),
      );
      expect(up.life.memory.crashes).toBe(ends);
      life = up.life;
    }
    expect(life.memory.looping).toBe(true);
  });

  test('ends that no look saw running count too', () => {
    const first = walk(becomes(calm(), backOff(1))).life;
    expect(walk(becomes(first, backOff(3))).life.memory.crashes).toBe(3);
  });

  test('is told as stopped, with the runtime’s reason', () => {
    const { trail, plan } = walk(becomes(calm(), noImage));
    expect(trail).toEqual(['tell stopped']);
    expect(plan).toMatchObject({ steps: [], phase: 'failed', hold: 'ImagePullBackOff: not found' });
  });

  test('is not removed however long it takes', () => {
    const pending: Partial<RuntimeObject> = { state: 'transitional', reason: 'Unschedulable', retried: true };
    let life = think(becomes(calm({ state: 'running' }), pending)).life;
    expect(think(life).plan).toMatchObject({ steps: [], phase: 'starting' });
    life = { ...life, world: pass(life.world, 20 * minute) };
    expect(think(life).plan).toMatchObject({ steps: [], phase: 'failed', hold: 'Unschedulable' });
  });

  test('is stopped when a stop is asked for', () => {
    for (const state of [noImage, backOff(1)]) {
      const life = becomes(calm(), state);
      const { plan } = think({ ...life, desired: desiredOf({ ...told, requested: 'stop' }) });
      expect(plan.steps.map((s) => s.kind)).toEqual(['stop']);
    }
  });

  test('is replaced when something else is wanted, at once', () => {
    const life = becomes(calm(), { state: 'transitional', reason: 'Unschedulable', retried: true });
    const { plan } = think({ ...life, desired: desiredOf({ ...told, contractHash: 'newer' }) });
    expect(plan.steps.map((s) => s.kind)).toEqual(['refresh']);
  });

  test('waits for the next try of a replacement that failed', () => {
    const desired = desiredOf({ ...told, contractHash: 'newer' });
    const failure = {
      action: 'refresh',
      key: `newer/${desired.specHash}/`,
      error: { kind: 'SwapUndone', message: 'the new pod could not be started' },
      attempts: 1,
      wasUp: true,
      retryAt: t0 + minute,
      since: iso(t0),
    } as const;
    const life = becomes({ ...calm(), memory: { ...calm().memory, failure } }, noImage);
    expect(think({ ...life, desired }, desired).plan).toMatchObject({
      steps: [],
      hold: 'the new pod could not be started',
      wakeAt: t0 + minute,
    });
  });

  test('is stopped for good where the operator wants no further start in a loop', () => {
    const life = { ...calm(), policy: { ...policy, loopAction: 'stop' } as const };
    const looping = walk(becomes(life, backOff(3))).life;
    expect(think(becomes(looping, backOff(4))).plan).toMatchObject({ steps: [{ kind: 'stop' }], phase: 'looping' });
  });

  test('that comes up after all is no failure any more', () => {
    const failure = {
      action: 'deploy',
      key: 'new/spec/',
      error: { kind: 'ImagePull', message: 'the pod cannot be started' },
      attempts: 1,
      wasUp: false,
      retryAt: t0 + minute,
      since: iso(t0),
    } as const;
    const memory = memoryOf({ failure, lastError: failure.error });
    const { life } = walk(lifeOf(worldOf(objectOf()), { memory, desired: desiredOf(told), policy }));
    expect(life.memory.failure).toBeUndefined();
    expect(life.memory.lastError).toBeUndefined();
  });
});

test('a name that changed is no step where names are for good', () => {
  const renamed = desiredOf({
    ...told,
    name: 'Other',
    names: { legacy: 'other', safe: 'other-1', legacyUsable: true },
  });
  const { trail } = walk({ ...calm(), desired: renamed });
  expect(trail).toEqual([]);
  const newer = think({ ...calm(), desired: { ...renamed, contractHash: 'newer' } });
  expect(newer.plan.steps).toMatchObject([{ kind: 'refresh', name: 'other' }]);
});

test('a transitional one that settles is dealt with as what it has become', () => {
  expect(walk(wait(becomes(calm(), { state: 'transitional' }), t0 + minute)).trail).toContain('start');
});

test('an object on a lost node makes the look unknown, and does not break the contact', async () => {
  let broken = false;
  const site = {
    records: { desired: () => desiredOf(), skipped: () => [] },
    runtime: { find: () => Promise.resolve([objectOf({ unknown: 'node "n1" does not answer' })]) },
    contact: { since: () => iso(t0), down: () => (broken = true) },
    policy,
  } as unknown as Site;
  const { seen } = await look(site, 'x', () => t0, new AbortController().signal);
  expect(seen).toEqual({ kind: 'unknown', message: '"mitre-att-ck": node "n1" does not answer' });
  expect(broken).toBe(false);
});
