import { beforeEach, describe, expect, test } from 'vitest';
import { type Board, board } from '../../activities/board.ts';
import type { Health, RuntimeObject } from '../../model/connector.ts';
import { connectorLabel, managerLabel, platformLabel } from '../../model/labels.ts';
import type { LifecycleLine } from '../../model/memory.ts';
import { defaultPolicy } from '../../model/policy.ts';
import type { ConnectorMemo } from '../../workflows/messages.ts';
import { summary } from '../support/summaries.ts';

const second = 1_000;
const cadence = { poll: 10 * second, ping: 40 * second, health: 20 * second, logs: 10 * second, pullTimeout: 0 };
const site = { platform: 'opencti', policy: { ...defaultPolicy, managerIds: ['m1'] }, cadence } as const;
const began = Date.parse('2030-01-01T00:00:00.000Z');
const startedAt = '2029-12-31T23:00:00.000Z';
const id = 'c1';

const object = (over: Partial<RuntimeObject> = {}): RuntimeObject => ({
  ref: 'r1',
  name: 'alpha',
  labels: { [managerLabel]: 'm1', [connectorLabel]: id, [platformLabel]: 'opencti' },
  state: 'running',
  runtimeRestarts: 0,
  ...over,
});
const memo = (marks: Partial<ConnectorMemo['marks']> = {}, restarts = 0): ReadonlyMap<string, ConnectorMemo> =>
  new Map([
    [
      id,
      { summary: summary({ id, restarts }), marks: { desired: '', actual: '', looping: false, lines: '', ...marks } },
    ],
  ]);
const line = (seconds: number, text = 'a line'): LifecycleLine => ({
  at: new Date(began + seconds * second).toISOString(),
  level: 'info',
  event: 'started',
  text,
});
const told: Health = { restartCount: 2, startedAt, inRebootLoop: false };

describe('the board', () => {
  let b: Board;
  /** Asks every half second, as the watch does; answers with the seconds at which something was due. */
  const dueAt = (what: 'logs' | 'health', from: number, until: number): readonly number[] => {
    const times: number[] = [];
    for (let t = from; t <= until; t += 0.5) {
      const [post] = b.due(site, began + t * second);
      if (post === undefined) continue;
      if (what === 'logs' ? post.logs : post.health !== undefined) times.push(t);
      if (post.logs) b.pushed(id, [String(t)]);
    }
    return times;
  };
  const longest = (times: readonly number[]): number => Math.max(...times.slice(1).map((t, i) => t - (times[i] ?? 0)));

  beforeEach(() => {
    b = board();
  });

  test('a running connector is due on its own beat for logs and for health', () => {
    b.update(site, [object()], memo({ startedAt }), began);
    const logs = dueAt('logs', 0, 60);
    expect(logs[0]).toBeLessThanOrEqual(5);
    expect(longest(logs)).toBe(cadence.logs / second);
    b = board();
    b.update(site, [object()], memo({ startedAt }), began);
    expect(longest(dueAt('health', 0, 90))).toBe(cadence.health / second);
  });

  test('health says what the workflow said last, and nothing before a process was seen to start', () => {
    b.update(site, [object()], memo(), began);
    expect(dueAt('health', 0, 40)).toEqual([]);
    b.update(site, [object()], memo({ startedAt, looping: true }, 4), began + 40 * second);
    expect(b.due(site, began + 41 * second)[0]?.health).toEqual({ restartCount: 4, startedAt, inRebootLoop: true });
  });

  test('a health push made elsewhere moves the beat by the configured period', () => {
    b.update(site, [object()], memo({ startedAt }), began);
    b.told(site, id, told, began);
    expect(dueAt('health', 0, 60)).toEqual([20, 40, 60]);
  });

  test('a lifecycle line is due at once, and the regular push follows within one period', () => {
    b.update(site, [object()], memo({ startedAt }), began);
    const [first = 0] = dueAt('logs', 0, 6);
    b.lines(site, id, [line(first)], began + (first + 1) * second);
    const times = dueAt('logs', first + 1, first + 40);
    expect(times[0]).toBe(first + 1);
    expect(longest(times)).toBe(cadence.logs / second);
  });

  test('a connector that ended is pushed once more and then left alone', () => {
    b.update(site, [object()], memo({ startedAt }), began);
    dueAt('logs', 0, 6);
    b.update(site, [object({ state: 'down' })], memo({ startedAt }), began + 6 * second);
    expect(dueAt('logs', 6, 60)).toEqual([6]);
    expect(dueAt('health', 61, 120)).toEqual([]);
  });

  test('its last push is tried again every period until it is accepted', () => {
    b.update(site, [object()], memo({ startedAt }), began);
    dueAt('logs', 0, 6);
    b.update(site, [object({ state: 'down' })], memo({ startedAt }), began + 6 * second);
    const asked = (t: number): number => b.due(site, began + t * second).filter((p) => p.logs).length;
    expect([6, 7, 15, 16, 17, 26].map(asked)).toEqual([1, 0, 0, 1, 0, 1]);
    b.pushed(id, ['the end']);
    expect([36, 46].map(asked)).toEqual([0, 0]);
  });

  test('what becomes due during a push is handed out after it', () => {
    b.update(site, [object()], memo({ startedAt }), began);
    b.lines(site, id, [line(0)], began);
    expect(b.due(site, began, new Set([id]))).toEqual([]);
    expect(b.due(site, began + second)).toMatchObject([{ id, ref: 'r1', logs: true }]);
  });

  test('of a container without a platform nothing is told before a workflow of this platform knows it', () => {
    const legacy = object({ labels: { [managerLabel]: 'm1', [connectorLabel]: id } });
    b.update(site, [legacy], new Map(), began);
    expect([b.size(), b.due(site, began + 60 * second)]).toEqual([0, []]);
    b.update(site, [legacy], memo({ startedAt }), began);
    expect(b.due(site, began + 60 * second)).toMatchObject([{ id, ref: 'r1', logs: true }]);
  });

  test('where a push extends the log, a lost one comes again, an accepted one never', () => {
    b = board('extended');
    b.update(site, [object()], memo({ startedAt }), began);
    const tail = (...texts: readonly string[]) =>
      texts.map((text, i) => ({ at: new Date(began + i * second).toISOString(), text }));
    const compose = (...texts: readonly string[]) => b.compose(id, tail(...texts), 100, began);
    expect(compose('a', 'b')).toEqual(['a', 'b']);
    expect(compose('a', 'b', 'c')).toEqual(['a', 'b', 'c']);
    b.pushed(id, ['a', 'b', 'c']);
    expect(compose('a', 'b', 'c')).toBeUndefined();
    expect(compose('a', 'b', 'c', 'd')).toEqual(['d']);
  });

  test('in a reboot loop health goes on while nothing runs', () => {
    b.update(site, [object({ state: 'down' })], memo({ startedAt, looping: true }), began);
    expect(longest(dueAt('health', 0, 60))).toBe(20);
  });

  test('without an object only our own lines are left; forgotten when workflow and object are gone', () => {
    b.update(site, [object()], memo({ startedAt }), began);
    b.update(site, [], memo({ startedAt }), began);
    b.lines(site, id, [line(0, 'it could not be created')], began);
    expect(b.due(site, began)).toMatchObject([{ ref: undefined, logs: true }]);
    expect(b.compose(id, [], 100, began)).toEqual([expect.stringContaining('it could not be created')]);
    b.update(site, [], new Map(), began);
    expect(b.size()).toBe(0);
  });

  test('objects of others are nobody here; the running one of two counts', () => {
    const labels = (over: Record<string, string>) => ({ labels: { ...object().labels, ...over } });
    b.update(
      site,
      [object(labels({ [managerLabel]: 'm2' })), object(labels({ [platformLabel]: 'openaev' }))],
      new Map(),
      began,
    );
    expect(b.size()).toBe(0);
    b.update(site, [object({ ref: 'old', state: 'down' }), object({ ref: 'new' })], memo(), began);
    expect(b.due(site, began + 6 * second)).toMatchObject([{ ref: 'new' }]);
  });

  test('a log is composed only when it differs from the one accepted', () => {
    b.update(site, [object()], memo({ startedAt }), began);
    const tail = [{ at: startedAt, text: 'hello' }];
    expect(b.compose(id, tail, 100, began)).toEqual(['hello']);
    expect(b.compose(id, tail, 100, began)).toEqual(['hello']);
    b.pushed(id, ['hello']);
    expect(b.compose(id, tail, 100, began)).toBeUndefined();
    expect(b.compose(id, [...tail, { at: startedAt, text: 'more' }], 100, began)).toEqual(['hello', 'more']);
  });

  test('lines the worker has not seen yet are asked for, those it has are not', () => {
    b.update(site, [object()], memo({ lines: line(1).at }), began);
    expect(b.unread()).toEqual([id]);
    b.lines(site, id, [line(1)], began);
    expect(b.unread()).toEqual([]);
    b.update(site, [object()], memo({ lines: line(1).at }), began);
    expect(b.unread()).toEqual([]);
    b.update(site, [object()], memo({ lines: line(2).at }), began);
    expect(b.unread()).toEqual([id]);
  });
});
