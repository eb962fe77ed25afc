import { describe, expect, test } from 'vitest';
import type { Status } from '../../model/connector.ts';
import type { Memory } from '../../model/memory.ts';
import { plan } from '../../model/plan.ts';
import { defaultPolicy } from '../../model/policy.ts';
import { reportNow, told } from '../../model/report.ts';
import { desiredOf, iso, memoryOf, minute, objectOf, second, seen, t0 } from '../support/world.ts';

const now = (up: boolean, p: Status | null, m: Memory = memoryOf(), object = objectOf()) =>
  reportNow(up, m, object, p, t0).report;

describe('what the platform is told', () => {
  test.each<[boolean, Status | null, Status | undefined]>([
    [true, 'started', undefined],
    [true, 'stopped', 'started'],
    [true, null, 'started'],
    [false, 'started', 'stopped'],
    [false, 'stopped', undefined],
    [false, null, 'stopped'],
  ])('up %s, the platform holds %s: %s', (up, p, report) => expect(now(up, p)).toBe(report));

  test('what could not be observed is not told', () => {
    const blind = plan(
      desiredOf({ reported: 'started' }),
      { kind: 'unknown', message: 'x' },
      memoryOf(),
      defaultPolicy,
      t0,
    );
    expect(blind.report).toBeUndefined();
  });

  test('a planned replacement is not told as a stop', () => {
    const old = objectOf({ contractHash: 'old' });
    expect(plan(desiredOf({ reported: 'started' }), seen([old]), memoryOf(), defaultPolicy, t0).report).toBeUndefined();
  });
});

describe('what the platform is known to hold', () => {
  const pushed = memoryOf({ told: { status: 'stopped', at: iso(t0) } });
  const listed = (at: number) => told(pushed, desiredOf({ reported: 'started', listedAt: iso(at) }));

  test('a listing asked for before the push does not override it', () => expect(listed(t0 - second)).toBe('stopped'));
  test('nor one asked for at the same moment', () => expect(listed(t0)).toBe('stopped'));
  test('one asked for later does: somebody else may have changed it', () => expect(listed(t0 + 1)).toBe('started'));
  test('without a push the listing is all there is', () => {
    expect(told(memoryOf(), desiredOf({ reported: null }))).toBeNull();
    expect(told(memoryOf(), desiredOf({ reported: 'started' }))).toBe('started');
  });
});

describe('in a reboot loop', () => {
  const looping = memoryOf({ looping: true, crashes: 4 });
  const up = (ms: number) => objectOf({ startedAt: iso(t0 - ms) });

  test('started is told only after a minute of uptime', () => {
    expect(now(true, 'stopped', looping, up(minute - 1))).toBeUndefined();
    expect(now(true, 'stopped', looping, up(minute))).toBe('started');
  });
  test('what is told already is not taken back', () =>
    expect(now(true, 'started', looping, up(second))).toBeUndefined());
  test('stopped is told at once', () => expect(now(false, 'started', looping)).toBe('stopped'));
  test('without the flag nothing is held back', () => expect(now(true, 'stopped', memoryOf(), up(0))).toBe('started'));
});
