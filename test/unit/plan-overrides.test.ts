import { describe, expect, test } from 'vitest';
import { neverAgain } from '../../model/crash.ts';
import type { Failure, Memory } from '../../model/memory.ts';
import { wantKey } from '../../model/plan.ts';
import { defaultPolicy } from '../../model/policy.ts';
import { plan } from '../../model/plan.ts';
import { type Life, act, lifeOf, think, wait, walk } from '../support/life.ts';
import { crash, desiredOf, iso, memoryOf, minute, objectOf, second, seen, t0, worldOf } from '../support/world.ts';

const started = { reported: 'started' } as const;
const failed = (more: Partial<Failure> = {}): Failure => ({
  action: 'refresh',
  key: wantKey(desiredOf()),
  error: { kind: 'ImagePull', message: 'no such image' },
  attempts: 1,
  wasUp: true,
  retryAt: t0 + 30 * second,
  since: iso(t0),
  ...more,
});
const next = (life: Life) => think(life).plan;
const kinds = (life: Life) => next(life).steps.map((s) => s.kind);

describe('the runtime does not answer', () => {
  test('nothing is done, told or taken for missing', () => {
    const m = memoryOf({ phase: 'running' });
    const seenNothing = { kind: 'unknown', message: 'the engine does not answer' } as const;
    const p = plan(desiredOf(started), seenNothing, m, defaultPolicy, t0);
    expect(p).toEqual({ steps: [], hold: 'the engine does not answer', phase: 'running' });
  });
});

describe('a stop is always honoured', () => {
  const stop = (more: Parameters<typeof desiredOf>[0] = {}) => desiredOf({ ...started, requested: 'stop', ...more });

  test.each<[string, Partial<Memory>, Parameters<typeof desiredOf>[0]]>([
    ['while the image is unknown', {}, { image: '', contractHash: 'other' }],
    [
      'while the new configuration cannot be had',
      { failure: failed({ key: 'other/spec/' }) },
      { contractHash: 'other' },
    ],
    [
      'while a secret cannot be read',
      { failure: failed({ error: { kind: 'DecryptionFailed', message: 'x' } }) },
      { contractHash: 'other' },
    ],
    ['in a reboot loop', { crashes: 9, looping: true, startDueAt: t0 + minute, requested: 'stop' }, {}],
  ])('%s', (_when, memory, more) => {
    const end = lifeOf(worldOf(objectOf()), { desired: stop(more), memory: memoryOf(memory) });
    expect(kinds(end)).toEqual(['stop']);
  });

  test('a paused one is woken first, and told as stopped', () =>
    expect(walk(lifeOf(worldOf(objectOf({ state: 'paused' })), { desired: stop() })).trail).toEqual([
      'unpause',
      'stop',
      'tell stopped',
    ]));

  test('one the runtime keeps restarting is stopped, once', () => {
    const life = lifeOf(worldOf(objectOf({ state: 'transitional', reason: 'restarting' })), { desired: stop() });
    expect(kinds(life)).toEqual(['stop']);
    const stopped = act(think(life).life, { kind: 'stop', ref: 'c0', reason: '' }).life;
    const still = { ...stopped, world: { ...stopped.world, objects: life.world.objects } };
    expect(next(still)).toMatchObject({ steps: [], hold: 'restarting' });
    expect(next(think(still).life).steps).toEqual([]);
  });

  test('with several containers the running ones stop before a paused one is woken', () => {
    const objects = [objectOf({ ref: 'a', state: 'paused', name: 'x' }), objectOf({ ref: 'b', contractHash: 'old' })];
    const { steps } = next(lifeOf(worldOf(...objects), { desired: stop() }));
    expect(steps.map((s) => `${s.kind} ${'ref' in s ? s.ref : ''}`)).toEqual(['stop b', 'unpause a', 'stop a']);
  });
});

describe('a deploy or refresh that cannot be had', () => {
  test.each([
    ['no image is known', 'InvalidContract', neverAgain, undefined],
    ['a secret cannot be read', 'DecryptionFailed', t0 + 15 * minute, t0 + 15 * minute],
    ['the image cannot be pulled', 'ImagePull', t0 + 30 * second, t0 + 30 * second],
  ])('nothing is created while %s, and the platform is told that it does not run', (_says, kind, retryAt, wakeAt) => {
    const failure = failed({ action: 'deploy', wasUp: false, error: { kind, message: 'why' }, retryAt });
    const p = next(lifeOf(worldOf(), { desired: desiredOf(started), memory: memoryOf({ failure }) }));
    expect(p).toMatchObject({ steps: [], hold: 'why', phase: 'failed', report: 'stopped' });
    expect(p.wakeAt).toBe(wakeAt);
  });

  const old = { contractHash: 'old' };
  test('what was up stays up', () => {
    const p = next(
      lifeOf(worldOf(objectOf(old)), { desired: desiredOf(started), memory: memoryOf({ failure: failed() }) }),
    );
    expect(p).toMatchObject({ steps: [], hold: 'no such image', phase: 'failed', wakeAt: t0 + 30 * second });
    expect(p.report).toBeUndefined();
  });

  test('what was up and crashes is started again with the old configuration', () => {
    const memory = memoryOf({ failure: failed() });
    expect(kinds(lifeOf(worldOf(objectOf({ ...old, state: 'down' })), { memory }))).toEqual(['start']);
  });

  test('what was down is not started with the outdated configuration', () => {
    const memory = memoryOf({ failure: failed({ wasUp: false }) });
    const p = next(lifeOf(worldOf(objectOf({ ...old, state: 'down' })), { desired: desiredOf(started), memory }));
    expect(p).toMatchObject({ steps: [], phase: 'failed', report: 'stopped' });
  });

  test('starting the old one again does not hasten the replacement', () => {
    const memory = memoryOf({ failure: failed({ attempts: 4, retryAt: t0 + 4 * minute }) });
    const { life, trail } = walk(lifeOf(worldOf(objectOf({ ...old, state: 'down' })), { memory }));
    expect(trail).toEqual(['start', 'tell started']);
    expect(life.memory.failure).toMatchObject({ action: 'refresh', attempts: 4, retryAt: t0 + 4 * minute });
  });

  test('a replacement and a restart that fail in turn wait ever longer, without a hot loop', () => {
    let life = lifeOf(worldOf(objectOf({ ...old })), { desired: desiredOf(started) });
    let failures = 0;
    for (let i = 0; i < 100 && life.world.now < t0 + 60 * minute; i++) {
      const thought = think(i === 2 ? { ...life, world: crash(life.world, 'c0') } : life);
      const [step] = thought.plan.steps;
      if (step === undefined) {
        expect(thought.plan.wakeAt ?? 0).toBeGreaterThan(thought.life.world.now);
        life = wait(thought.life, thought.plan.wakeAt ?? 0);
      } else {
        failures += 1;
        life = act(thought.life, step, { refuse: step.kind === 'start' ? 'StartFailed' : 'ImagePull' }).life;
      }
    }
    expect(life.world.now).toBeGreaterThanOrEqual(t0 + 60 * minute);
    expect(failures).toBeLessThan(15);
  });

  test('another configuration is a new chance at once', () => {
    const memory = memoryOf({ failure: failed({ key: 'some/thing/' }) });
    expect(kinds(lifeOf(worldOf(objectOf(old)), { memory }))).toEqual(['refresh']);
  });

  test('the retry comes by the clock alone', () => {
    const memory = memoryOf({ failure: failed() });
    const life = lifeOf(worldOf(objectOf(old)), { memory });
    expect(kinds(life)).toEqual([]);
    expect(kinds(wait(life, t0 + 30 * second))).toEqual(['refresh']);
  });

  test('a created container that did not start keeps to the schedule of its deploy', () => {
    const memory = memoryOf({ failure: failed({ action: 'deploy', wasUp: false }) });
    const { startedAt: _never, ...created } = objectOf({ state: 'down' });
    const life = lifeOf(worldOf(created), { memory });
    expect(next(life)).toMatchObject({ steps: [], wakeAt: t0 + 30 * second });
    expect(kinds(wait(life, t0 + 30 * second))).toEqual(['start']);
  });
});

describe('in between', () => {
  const between = (more: Partial<Memory> = {}, to: 'started' | 'stopped' = 'started') =>
    lifeOf(worldOf(objectOf({ state: 'transitional', reason: 'removing' })), {
      desired: desiredOf({ reported: to }),
      memory: memoryOf(more),
    });

  test('it is looked at again within five seconds, and not told yet', () => {
    const p = next(between());
    expect(p).toMatchObject({ steps: [], hold: 'removing', wakeAt: t0 + 5 * second });
    expect(p.report).toBeUndefined();
  });

  test('after more than thirty seconds it counts as stopped', () => {
    expect(next(between({ betweenSince: t0 - 30 * second })).report).toBeUndefined();
    expect(next(between({ betweenSince: t0 - 31 * second })).report).toBe('stopped');
    expect(next(between({ betweenSince: t0 - 31 * second }, 'stopped')).report).toBeUndefined();
  });

  test('after five minutes it has failed, with the reason of the runtime', () => {
    const almost = next(between({ betweenSince: t0 - 5 * minute + second }));
    expect(almost).toMatchObject({ steps: [], wakeAt: t0 + second });
    expect(next(between({ betweenSince: t0 - 5 * minute })).steps).toMatchObject([
      { kind: 'remove', reason: 'removing' },
    ]);
  });
});

describe('paused and dead', () => {
  test('a paused container that shall run is woken; meanwhile it counts as stopped', () =>
    expect(walk(lifeOf(worldOf(objectOf({ state: 'paused' })), { desired: desiredOf(started) })).trail).toEqual([
      'tell stopped',
      'unpause',
      'tell started',
    ]));

  test('a dead container is removed and made anew', () =>
    expect(walk(lifeOf(worldOf(objectOf({ state: 'failed' })), { desired: desiredOf(started) })).trail).toEqual([
      'remove',
      'deploy and start',
    ]));

  test('what an operator paused is left alone, whatever is asked for', () => {
    const memory = memoryOf({ paused: true });
    const life = lifeOf(worldOf(objectOf({ contractHash: 'old' })), {
      desired: desiredOf({ requested: 'stop' }),
      memory,
    });
    expect(next(life)).toMatchObject({ steps: [], phase: 'paused' });
  });
});

describe("the operator's wish", () => {
  const override = { requested: 'stop', instead: 'start', at: iso(t0) } as const;

  test('stands over the platform, and is told as observed', () =>
    expect(
      walk(lifeOf(worldOf(objectOf()), { desired: desiredOf(started), memory: memoryOf({ override }) })).trail,
    ).toEqual(['stop', 'tell stopped']));

  test('ends when the platform asks for something else', () => {
    const life = lifeOf(worldOf(objectOf()), {
      desired: desiredOf({ requested: 'stop' }),
      memory: memoryOf({ override }),
    });
    expect(think(life).life.memory.override).toBeUndefined();
  });

  test('a new container on demand replaces one with equal hashes, once', () => {
    const end = walk(
      lifeOf(worldOf(objectOf()), { desired: desiredOf(started), memory: memoryOf({ redeploy: true }) }),
    );
    expect(end.trail).toEqual(['refresh and start']);
    expect(end.life.memory.redeploy).toBeUndefined();
  });
});

describe("Cadenza's own settings", () => {
  const drifted = worldOf(objectOf({ specHash: 'before' }));

  test('a change replaces the container', () => expect(kinds(lifeOf(drifted))).toEqual(['refresh']));
  test('a change is only shown where the configuration says so', () => {
    const p = next(lifeOf(drifted, { policy: { ...defaultPolicy, rolloutOnLocalChange: 'never' } }));
    expect(p).toMatchObject({ steps: [], note: { event: 'local_drift', level: 'warn' } });
  });
  test('a container from before Cadenza carries no such hash and is left as it is', () => {
    const { specHash: _none, ...before } = objectOf();
    expect(walk(lifeOf(worldOf(before), { desired: desiredOf(started) })).trail).toEqual([]);
  });
  test('a container without the hash of its configuration is replaced', () => {
    const { contractHash: _none, ...before } = objectOf();
    expect(kinds(lifeOf(worldOf(before)))).toEqual(['refresh']);
  });
});

describe('a platform that does not answer', () => {
  test('the last good record stays in force: a crash is still answered', () => {
    const calm = think(lifeOf(worldOf(objectOf()), { desired: desiredOf(started) })).life;
    expect(walk({ ...calm, world: crash(calm.world, 'c0') }).trail).toEqual(['start']);
  });
});

test('no plan looks back: the next look is always ahead', () => {
  // Looping, up for two minutes: the minute of mistrust is over, the loop is not.
  const memory = memoryOf({ crashes: 5, looping: true, startDueAt: t0 - 3 * minute, crashedAt: t0 - 4 * minute });
  const object = objectOf({ startedAt: iso(t0 - 2 * minute) });
  const p = plan(desiredOf(), seen([object]), memory, defaultPolicy, t0);
  expect(p).toMatchObject({ report: 'started', wakeAt: t0 + 3 * minute });
  const down = objectOf({ state: 'down', contractHash: 'old' });
  const held = memoryOf({ crashes: 1, startDueAt: t0 - second, failure: failed({ wasUp: false }) });
  expect(plan(desiredOf(), seen([down]), held, defaultPolicy, t0).wakeAt).toBe(t0 + 30 * second);
});
