import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  blockedDelay,
  failureDelay,
  jittered,
  listingDelay,
  notPermittedDelay,
  reportDelay,
  runtimeDelay,
} from '../../model/backoff.ts';
import { neverAgain } from '../../model/crash.ts';
import type { Step } from '../../model/plan.ts';
import { afterFailure, afterStep } from '../../model/outcome.ts';
import { desiredOf, iso, memoryOf, minute, objectOf, second, t0 } from '../support/world.ts';

const middle = 0.5;
const schedule = (delay: (attempt: number, random: number) => number, count: number) =>
  Array.from({ length: count }, (_, i) => delay(i + 1, middle) / second);

describe('delays (s) before another attempt', () => {
  test('after a failed action: 30 s, 1, 2, 4, 8, then every 15 min', () =>
    expect(schedule(failureDelay, 8)).toEqual([30, 60, 120, 240, 480, 900, 900, 900]));
  test('while the runtime does not answer: 5 s doubling to 2 min', () =>
    expect(schedule(runtimeDelay, 7)).toEqual([5, 10, 20, 40, 80, 120, 120]));
  test('while the listing fails: 10 s doubling to 5 min', () =>
    expect(schedule(listingDelay, 7)).toEqual([10, 20, 40, 80, 160, 300, 300]));
  test('while a status cannot be told: 2 s doubling to 1 min', () =>
    expect(schedule(reportDelay, 7)).toEqual([2, 4, 8, 16, 32, 60, 60]));
  test('a secret that cannot be read: 15 min; a refused token: 5 min', () =>
    expect([blockedDelay, notPermittedDelay]).toEqual([15 * minute, 5 * minute]));

  test('all are spread by 20 % both ways, and stay so after a thousand failures', () => {
    expect([jittered(1000, 0), jittered(1000, middle), jittered(1000, 1)]).toEqual([800, 1000, 1200]);
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 1000 }),
        fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
        (n, random) => {
          for (const delay of [failureDelay, runtimeDelay, listingDelay, reportDelay]) {
            const base = delay(n, middle);
            expect(delay(n, random)).toBeGreaterThanOrEqual(base * 0.8 - 1);
            expect(delay(n, random)).toBeLessThanOrEqual(base * 1.2 + 1);
          }
        },
      ),
    );
  });
});

const d = desiredOf();
const refresh: Step = { kind: 'refresh', ref: 'c0', name: 'x', start: true, reason: '' };
const start: Step = { kind: 'start', ref: 'c0', reason: '' };
const stop: Step = { kind: 'stop', ref: 'c0', reason: '' };
const fail = (m: ReturnType<typeof memoryOf>, step: Step, kind: string, at = t0, wish = d) =>
  afterFailure(m, step, wish, true, { kind, message: `${kind} happened` }, { now: at, random: middle });

describe('a step that failed', () => {
  test('waits longer each time, in a row', () => {
    let m = memoryOf();
    const waits = Array.from({ length: 7 }, () => {
      m = fail(m, refresh, 'ImagePull');
      return ((m.failure?.retryAt ?? 0) - t0) / second;
    });
    expect(waits).toEqual([30, 60, 120, 240, 480, 900, 900]);
    expect(m.failure).toMatchObject({ attempts: 7, wasUp: true, since: iso(t0) });
    expect(m.lastError).toEqual({ kind: 'ImagePull', message: 'ImagePull happened' });
  });

  test('another configuration begins anew', () => {
    const often = fail(fail(fail(memoryOf(), refresh, 'ImagePull'), refresh, 'ImagePull'), refresh, 'ImagePull');
    const other = fail(often, refresh, 'ImagePull', t0, desiredOf({ contractHash: 'other' }));
    expect(other.failure).toMatchObject({ attempts: 1, retryAt: t0 + 30 * second });
  });

  test.each([
    ['DecryptionFailed', t0 + 15 * minute],
    ['InvalidContract', neverAgain],
    ['NotPermitted', t0 + 5 * minute],
    ['RuntimeUnavailable', t0 + 5 * second],
    ['CreateRefused', t0 + 30 * second],
    ['StartFailed', t0 + 30 * second],
    ['SwapUndone', t0 + 30 * second],
    ['SomethingNew', t0 + 30 * second],
  ])('%s is retried in its own time', (kind, retryAt) =>
    expect(fail(memoryOf(), refresh, kind).failure?.retryAt).toBe(retryAt),
  );

  test('a taken name is looked into at once, and only when that goes on waited for', () => {
    const first = fail(memoryOf(), refresh, 'NameConflict');
    expect(first.failure?.retryAt).toBe(t0);
    const third = fail(fail(first, refresh, 'NameConflict'), refresh, 'NameConflict');
    expect(third.failure?.retryAt).toBe(t0 + 2 * minute);
  });

  test('a stop is tried again soon, and counted, so that it can become a kill', () => {
    const twice = fail(fail(memoryOf(), stop, 'StopFailed'), stop, 'StopFailed');
    expect(twice.stopFailures).toBe(2);
    expect((twice.failure?.retryAt ?? 0) - t0).toBeLessThan(10 * second);
    expect(afterStep(twice, stop, objectOf(), { now: t0, random: middle }).stopFailures).toBeUndefined();
  });

  test('a success clears its own failure, and a restart does not clear that of a replacement', () => {
    const m = fail(memoryOf(), refresh, 'ImagePull');
    expect(afterStep(m, start, objectOf(), { now: t0, random: middle }).failure).toEqual(m.failure);
    expect(afterStep(m, refresh, objectOf(), { now: t0, random: middle }).failure).toBeUndefined();
    const started = fail(memoryOf(), start, 'StartFailed');
    expect(afterStep(started, start, objectOf(), { now: t0, random: middle }).failure).toBeUndefined();
  });

  test('the log says once what is wrong, however often it fails the same way', () => {
    const twice = fail(fail(memoryOf(), refresh, 'ImagePull'), refresh, 'ImagePull');
    expect(twice.lines.map((l) => l.event)).toEqual(['pull_failed']);
    expect(twice.lines[0]?.text).toContain('ImagePull happened; next try 2026-01-01T00:00:30.000Z');
  });
});
