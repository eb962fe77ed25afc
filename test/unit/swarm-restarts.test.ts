import { describe, expect, test } from 'vitest';
import type { Service, Task } from '../../runtimes/swarm/objects.ts';
import { restarts } from '../../runtimes/swarm/restarts.ts';
import { service, t0, task } from './swarm-support.ts';

const hour = 3_600;
const now = (seconds = 60): number => t0 + seconds * 1_000;
const ended = (id: string, at: number, state = 'failed', force = 0): Task => task(state, 'shutdown', { id, at, force });

describe('restarts the Swarm made', () => {
  test.each<[string, number, Service, readonly Task[]]>([
    ['nothing ended', 0, service(), [task('running')]],
    ['ends with any exit code', 2, service(), [ended('a', 0), ended('b', 1, 'complete')]],
    ['a task no node took', 0, service(), [ended('a', 0, 'rejected')]],
    ['one that was stopped, or moved from its node', 0, service(), [ended('a', 0, 'shutdown')]],
    ['one of the spec before', 0, service(1, {}, 2), [ended('a', 0, 'failed', 1)]],
    ['one of a change that is being tried', 0, service(1, { UpdateStatus: { State: 'updating' } }), [ended('a', 0)]],
    ['one of an hour before the first look', 0, service(), [ended('a', 59 - hour)]],
    ['one of less than that', 1, service(), [ended('a', 61 - hour)]],
  ])('%s: %i', (_what, count, s, tasks) => expect(restarts().count(s, tasks, now())).toBe(count));

  test('each counts once, and stays counted when the Swarm forgets its task', () => {
    const r = restarts();
    const look = (...ids: readonly string[]) =>
      r.count(
        service(),
        ids.map((id, i) => ended(id, i)),
        now(),
      );
    expect([look('a'), look('a', 'b'), look('b', 'c'), look(), look('c', 'd')]).toEqual([1, 2, 3, 3, 4]);
  });

  test('after the first look the age of an end does not matter', () => {
    const r = restarts();
    expect(r.count(service(), [], now())).toBe(0);
    expect(r.count(service(), [ended('a', 0)], now(5 * hour))).toBe(1);
  });

  test('thousands of ends: none twice', () => {
    const r = restarts();
    let count = 0;
    for (let i = 0; i < 2_000; i++)
      count = r.count(
        service(),
        [0, 1, 2, 3, 4].map((j) => ended(`t${i + j}`, i + j)),
        now(),
      );
    expect(count).toBe(2_004);
  });

  test('a service that is gone is forgotten', () => {
    const r = restarts();
    r.count(service(), [ended('a', 0)], now());
    r.keep(new Set(['s1']));
    expect(r.count(service(), [], now())).toBe(1);
    r.keep(new Set());
    expect(r.count(service(), [], now())).toBe(0);
  });
});
