import { describe, expect, test } from 'vitest';
import { announcement, toAnnounce, withAnnounced } from '../../model/announce.ts';
import { type Memory, newMemory } from '../../model/memory.ts';
import { afterStep } from '../../model/outcome.ts';
import type { Step } from '../../model/plan.ts';
import { reportNow } from '../../model/report.ts';
import { desiredOf, objectOf } from '../support/world.ts';

const at = '2026-01-01T00:00:10.000Z';
const fresh = newMemory('2026-01-01T00:00:00.000Z');
const wantsStart = { ...fresh, requested: 'start' } as const;
const deploy: Step = { kind: 'deploy', name: 'a', start: true, reason: 'missing' };
const stop: Step = { kind: 'stop', ref: 'r', reason: 'asked' };
const up = objectOf({ state: 'running', startedAt: '2026-01-01T00:00:09.5Z' });
const down = objectOf({ state: 'down' });

describe('what a step may tell the platform by itself', () => {
  test.each<[string, Step, Memory, 'start' | 'stop', 'started' | 'stopped' | undefined]>([
    ['a deploy of what is to run', deploy, wantsStart, 'start', 'started'],
    ['a deploy of what is to be stopped', { ...deploy, start: false }, fresh, 'stop', 'stopped'],
    ['a stop of what is to be stopped', stop, fresh, 'stop', 'stopped'],
    ['the stop of a restart: it comes up again at once', stop, wantsStart, 'start', undefined],
    [
      'a start in a reboot loop: it has to be earned',
      { ...stop, kind: 'start' },
      { ...fresh, looping: true },
      'start',
      undefined,
    ],
    ['a rename', { kind: 'rename', ref: 'r', name: 'b', reason: 'renamed' }, fresh, 'start', undefined],
    ['a removal', { ...stop, kind: 'remove' }, fresh, 'start', undefined],
  ])('%s', (_what, step, memory, requested, status) => {
    expect(announcement(memory, step, desiredOf({ requested }))?.status).toBe(status);
  });

  test('the status is no news when the platform holds it', () => {
    const a = announcement(fresh, deploy, desiredOf({ requested: 'start', reported: 'started' }));
    expect(a?.news).toBe(false);
    expect(a && toAnnounce(a, up, at)).not.toHaveProperty('status');
  });
});

describe('after the look', () => {
  const d = desiredOf({ requested: 'start', reported: 'stopped' });
  const a = announcement(fresh, deploy, d);
  if (a === undefined) throw new Error('a deploy announces');

  test('status, health and lines, when it runs', () => {
    expect(toAnnounce(a, up, at)).toEqual({
      status: 'started',
      health: { restartCount: 0, startedAt: '2026-01-01T00:00:09.500Z', inRebootLoop: false },
      lines: [{ at, level: 'info', event: 'deployed', text: 'created "a" and started it: missing' }],
    });
  });

  test.each([
    ['it has ended meanwhile', down],
    ['it is on its way', objectOf({ state: 'transitional' })],
    ['it is gone', undefined],
  ])('nothing, when %s', (_what, object) => {
    expect(toAnnounce(a, object, at)).toBeUndefined();
  });

  test('the workflow remembers what was told, and its own line is the one that was told', () => {
    const told = toAnnounce(a, up, at);
    const memory = withAnnounced(afterStep(fresh, deploy, up, { now: Date.parse(at), random: 0 }), { at, ...told });
    expect(memory.lines).toEqual(told?.lines);
    expect(memory.told).toEqual({ status: 'started', at });
    expect(reportNow(true, memory, up, memory.told?.status ?? null, Date.parse(at))).toEqual({});
  });
});
