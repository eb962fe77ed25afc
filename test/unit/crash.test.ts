import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { RuntimeObject } from '../../model/connector.ts';
import { countCrashes, isLooping, loopDelay, neverAgain, noticed, uptime } from '../../model/crash.ts';
import type { Memory } from '../../model/memory.ts';
import { absorbDesired } from '../../model/outcome.ts';
import { type Policy, defaultPolicy } from '../../model/policy.ts';
import { type Life, act, lifeOf, think, wait, walk } from '../support/life.ts';
import {
  alter,
  crash,
  desiredOf,
  iso,
  memoryOf,
  minute,
  objectOf,
  pass,
  second,
  t0,
  worldOf,
} from '../support/world.ts';

const longAgo = iso(t0 - 1000 * minute);
const told = { reported: 'started' } as const;
/** Running, and known to run. */
const calm = (policy: Policy = defaultPolicy): Life =>
  walk(lifeOf(worldOf(objectOf()), { desired: desiredOf(told), policy })).life;
/** Dies, and is dealt with until nothing is left to do now. */
const dies = (life: Life, again = false) => walk({ ...life, world: crash(life.world, 'c0', again) });
const dieTimes = (life: Life, times: number): Life =>
  Array.from({ length: times }).reduce<Life>((now) => dies(now).life, life);

describe('delay before the next start (min)', () => {
  test('crashes 1 to 3: none; from the 4th on 1, 2, 4, 8, 16, 32, 60, 60', () => {
    const delays = Array.from({ length: 12 }, (_, i) => loopDelay(i + 1, defaultPolicy, 0.5) / minute);
    expect(delays).toEqual([0, 0, 0, 1, 2, 4, 8, 16, 32, 60, 60, 60]);
  });

  test('spread by 20 % both ways, also after thousands of crashes', () =>
    fc.assert(
      fc.property(
        fc.integer({ min: 4, max: 5000 }),
        fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
        (n, random) => {
          const base = loopDelay(n, defaultPolicy, 0.5);
          expect(loopDelay(n, defaultPolicy, random)).toBeGreaterThanOrEqual(base * 0.8 - 1);
          expect(loopDelay(n, defaultPolicy, random)).toBeLessThanOrEqual(base * 1.2 + 1);
          expect(base).toBeLessThanOrEqual(60 * minute);
        },
      ),
    ));
});

describe('the loop flag', () => {
  test.each([
    [3, 0, false],
    [4, 0, true],
    [4, 5 * minute - 1, true],
    [4, 5 * minute, false],
    [0, 0, false],
  ])('%i crashes and %i ms of uptime: %s', (crashes, up, flag) =>
    expect(isLooping(crashes, up, defaultPolicy)).toBe(flag),
  );

  test('is raised at the 4th crash, not before', () => {
    expect(dieTimes(calm(), 3).memory).toMatchObject({ crashes: 3, looping: false });
    expect(dieTimes(calm(), 4).memory).toMatchObject({ crashes: 4, looping: true });
  });

  test('drops after five minutes of uptime, and the log says so', () => {
    const down = dieTimes(calm(), 4);
    const back = walk(wait(down, down.memory.startDueAt ?? 0)).life;
    expect(back.memory.looping).toBe(true);
    const healthy = think(wait(back, back.world.now + 5 * minute)).life.memory;
    expect(healthy).toMatchObject({ looping: false, crashes: 4 });
    expect(healthy.lines.at(-1)).toMatchObject({ event: 'reboot_loop_end' });
  });

  test('uptime is nothing while it does not run', () => {
    expect(uptime(objectOf({ state: 'down' }), t0)).toBe(0);
    expect(uptime(objectOf({ startedAt: iso(t0 - minute) }), t0)).toBe(minute);
    expect(uptime(objectOf({ startedAt: iso(t0 + minute) }), t0)).toBe(0);
  });
});

describe('a connector that keeps ending', () => {
  test('is started at once three times; the fourth time it waits a minute and is told as stopped', () => {
    let life = calm();
    for (let n = 1; n <= 3; n++) {
      const end = dies(life);
      expect(end.trail).toEqual(['start']);
      life = end.life;
    }
    const fourth = dies(life);
    expect(fourth.trail).toEqual(['tell stopped']);
    expect(fourth.plan).toMatchObject({ hold: 'waiting out a reboot loop', phase: 'looping' });
    expect((fourth.plan.wakeAt ?? 0) - fourth.life.world.now).toBe(minute);
  });

  test('is not started before its time, and started then', () => {
    const life = dieTimes(calm(), 4);
    const due = life.memory.startDueAt ?? 0;
    expect(think(wait(life, due - 1)).plan.steps).toEqual([]);
    expect(think(wait(life, due)).plan.steps).toMatchObject([{ kind: 'start' }]);
  });

  test('runs again: told as started only after a minute of uptime', () => {
    const down = dieTimes(calm(), 4);
    const back = walk(wait(down, down.memory.startDueAt ?? 0));
    expect(back.trail).toEqual(['start']);
    expect(back.plan.wakeAt).toBe(back.life.world.now + minute);
    expect(walk(wait(back.life, back.life.world.now + minute - 1)).trail).toEqual([]);
    expect(walk(wait(back.life, back.life.world.now + minute)).trail).toEqual(['tell started']);
  });

  test('waits twice as long after the next crash', () => {
    const down = dieTimes(calm(), 4);
    const again = dies(walk(wait(down, down.memory.startDueAt ?? 0)).life).life;
    expect((again.memory.startDueAt ?? 0) - again.world.now).toBe(2 * minute);
  });

  test('says in its log how it ended, how often, when it is started next and what ends the loop', () => {
    const line = dieTimes(calm(), 4).memory.lines.at(-1);
    expect(line).toMatchObject({ event: 'reboot_loop', level: 'error' });
    expect(line?.text).toMatch(/4 unplanned ends.*exit code 1.*next start 2026-.*10 healthy minutes/);
    const oom = noticed(
      memoryOf({ known: { ref: 'c0', state: 'running', runtimeRestarts: 0 } }),
      objectOf({ state: 'down', finishedAt: iso(t0), exitCode: 137, oomKilled: true }),
      longAgo,
      defaultPolicy,
      t0,
      0.5,
    );
    expect(oom.lines.at(-1)?.text).toMatch(/exit code 137, out of memory/);
  });

  test('in a loop is stopped if the runtime itself starts it again', () => {
    const life = dieTimes(calm(), 3);
    const end = dies(life, true);
    expect(end.trail).toEqual(['stop', 'tell stopped']);
    expect(end.life.memory.crashes).toBe(4);
    expect(end.plan.phase).toBe('looping');
  });

  test('in a loop is stopped, once, if the runtime is about to start it again', () => {
    const life = dieTimes(calm(), 3);
    const ended = crash(life.world, 'c0');
    const restarting = alter(ended, 'c0', { state: 'transitional', runtimeRestarts: 1 });
    const first = think({ ...life, world: restarting });
    expect(first.plan).toMatchObject({ steps: [{ kind: 'stop', ref: 'c0' }], phase: 'looping' });
    const stopped = act(first.life, { kind: 'stop', ref: 'c0', reason: '' }).life;
    expect(think({ ...stopped, world: restarting }).plan.steps).toEqual([]);
    expect(walk(stopped).plan).toMatchObject({ hold: 'waiting out a reboot loop' });
  });

  test('started by hand during the delay is left running', () => {
    const life = dieTimes(calm(), 4);
    const later = pass(life.world, 10 * second);
    const byHand = alter(later, 'c0', { state: 'running', startedAt: iso(later.now) });
    expect(walk({ ...life, world: byHand }).trail).toEqual([]);
  });
});

describe('what the reaction may be', () => {
  test('stop: no further start until somebody helps', () => {
    const life = dieTimes(calm({ ...defaultPolicy, loopAction: 'stop' }), 4);
    expect(life.memory.startDueAt).toBe(neverAgain);
    const much = think(wait(life, t0 + 10_000 * minute));
    expect(much.plan).toMatchObject({ steps: [], phase: 'looping' });
    expect(much.plan.wakeAt).toBeUndefined();
    expect(life.memory.lines.at(-1)?.text).toContain('not started again until');
  });

  test('flag: started at once, however often, with the flag up', () => {
    const life = dieTimes(calm({ ...defaultPolicy, loopAction: 'flag' }), 7);
    expect(life.world.objects).toMatchObject([{ state: 'running' }]);
    expect(life.memory).toMatchObject({ crashes: 7, looping: true });
  });
});

describe('the count starts anew', () => {
  test('after ten minutes of health; what the platform sees as restarts stays', () => {
    const down = dieTimes(calm(), 4);
    const back = walk(wait(down, down.memory.startDueAt ?? 0)).life;
    const almost = think(wait(back, back.world.now + 10 * minute - 1)).life.memory;
    const healthy = think(wait(back, back.world.now + 10 * minute)).life.memory;
    expect(almost.crashes).toBe(4);
    expect(healthy).toMatchObject({ crashes: 0, restarts: 4, looping: false });
  });

  test.each<[string, Parameters<typeof desiredOf>[0]]>([
    ['with a new contract hash', { contractHash: 'other' }],
    ["with a new hash of Cadenza's own settings", { specHash: 'other' }],
    ["with the user's stop", { requested: 'stop' }],
  ])('%s', (_why, more) => {
    const { memory } = dieTimes(calm(), 4);
    const next = absorbDesired(memory, desiredOf({ ...told, ...more }), desiredOf(told), { now: t0, random: 0.5 });
    expect(next).toMatchObject({ crashes: 0, looping: false });
    expect(next.startDueAt).toBeUndefined();
  });

  test('not with another look at the same wish', () => {
    const { memory, desired } = dieTimes(calm(), 4);
    expect(absorbDesired(memory, desired, desired, { now: t0, random: 0.5 }).crashes).toBe(4);
  });

  test('a replacement makes a new generation: its restarts begin at nothing', () => {
    const life = dieTimes(calm(), 2);
    const desired = desiredOf({ ...told, contractHash: 'other', listedAt: iso(life.world.now) });
    expect(life.memory.restarts).toBe(2);
    expect(walk({ ...life, desired }).life.memory.restarts).toBe(0);
  });
});

describe('what counts as a crash', () => {
  const known = (more: Partial<NonNullable<Memory['known']>> = {}): Memory =>
    memoryOf({ known: { ref: 'c0', state: 'running', startedAt: iso(t0 - minute), runtimeRestarts: 0, ...more } });
  const ended = (more: Partial<RuntimeObject> = {}) =>
    objectOf({ state: 'down', startedAt: iso(t0 - minute), finishedAt: iso(t0), ...more });
  const running = (more: Partial<RuntimeObject> = {}) => objectOf({ startedAt: iso(t0 - minute), ...more });

  test.each<[string, number, Memory, RuntimeObject]>([
    ['an end with exit code 1', 1, known(), ended({ exitCode: 1 })],
    ['an end with exit code 0', 1, known(), ended({ exitCode: 0 })],
    [
      'a restart by the runtime, seen when it was over',
      1,
      known(),
      running({ startedAt: iso(t0), runtimeRestarts: 1 }),
    ],
    [
      'three restarts by the runtime between two looks',
      3,
      known(),
      running({ startedAt: iso(t0), runtimeRestarts: 3 }),
    ],
    ['a restart by the runtime under way', 1, known(), ended({ state: 'transitional', runtimeRestarts: 1 })],
    [
      'the same restart, over now',
      0,
      known({ state: 'transitional', runtimeRestarts: 1 }),
      running({ startedAt: iso(t0), runtimeRestarts: 1 }),
    ],
    [
      'another restart while that one was under way',
      1,
      known({ state: 'transitional', runtimeRestarts: 1 }),
      ended({ state: 'transitional', runtimeRestarts: 2 }),
    ],
    [
      'another instance in place of one that was deleted by hand',
      0,
      known({ instance: 'pod-1' }),
      running({ startedAt: iso(t0), instance: 'pod-2' }),
    ],
    [
      'another instance in place of one that failed',
      1,
      known({ instance: 'pod-1' }),
      running({ startedAt: iso(t0), instance: 'pod-2', runtimeRestarts: 1 }),
    ],
    ['the same process, still running', 0, known(), running()],
    ['a stop by Cadenza', 0, known({ state: 'down' }), ended()],
    ['a start by hand', 0, known({ state: 'down' }), running({ startedAt: iso(t0) })],
    ['another container', 0, known({ ref: 'before' }), ended()],
    ['a container never seen before', 0, memoryOf(), ended()],
    ['a paused one', 0, known(), running({ state: 'paused' })],
    ['the first look after our own start', 0, known({ startedAt: iso(t0) }), running({ startedAt: iso(t0) })],
  ])('%s: %i', (_what, crashes, memory, object) => expect(countCrashes(memory, object, longAgo)).toBe(crashes));

  test('an engine restart, a host reboot and our own absence do not count', () => {
    const contactSince = iso(t0 + second);
    expect(countCrashes(known(), ended(), contactSince)).toBe(0);
    expect(countCrashes(known(), running({ startedAt: iso(t0 + 2 * second), finishedAt: iso(t0) }), contactSince)).toBe(
      0,
    );
    expect(countCrashes(known(), ended({ finishedAt: iso(t0 + 2 * second) }), contactSince)).toBe(1);
  });

  test('an end that does not count is answered by a start at once', () => {
    const life = calm();
    const world = crash(life.world, 'c0');
    const memory = noticed(
      life.memory,
      world.objects[0] ?? objectOf(),
      iso(world.now + 1),
      life.policy,
      world.now + 2,
      0.5,
    );
    expect(memory.crashes).toBe(0);
    expect(walk({ ...life, memory, world: pass(world, second) }).trail).toEqual(['start']);
  });
});
