import { describe, expect, test } from 'vitest';
import {
  type LifecycleEvent,
  type Memory,
  forgetNotes,
  lineText,
  maxLines,
  maxTransitions,
  newMemory,
  withLine,
  withNote,
  withPhase,
  without,
} from '../../model/memory.ts';
import { phases } from '../../model/phase.ts';
import { iso, t0 } from '../support/world.ts';

const at = iso(t0);
const events: readonly LifecycleEvent[] = [
  'adopted',
  'deployed',
  'started',
  'stopped',
  'refreshed',
  'renamed',
  'removed',
  'pull_failed',
  'create_failed',
  'start_failed',
  'stop_failed',
  'swap_undone',
  'decrypt_failed',
  'invalid_record',
  'name_conflict',
  'foreign_manager',
  'unmanaged_duplicate',
  'crashed',
  'reboot_loop',
  'reboot_loop_end',
  'local_drift',
  'runtime_unreachable',
  'command',
];
const times = <T>(count: number, from: T, change: (x: T, i: number) => T): T => {
  let x = from;
  for (let i = 0; i < count; i++) x = change(x, i);
  return x;
};

describe('lines for the log', () => {
  test('are written as the platform shows them', () => {
    const m = withLine(newMemory(at), at, 'warn', 'crashed', 'unplanned end');
    expect(m.lines.map(lineText)).toEqual([`${at} [cadenza] warn crashed: unplanned end`]);
  });

  test('the newest 20 are kept, each cut to a bearable length', () => {
    const m = times(50, newMemory(at), (x, i) => withLine(x, at, 'info', 'started', `${i} ${'x'.repeat(1000)}`));
    expect(m.lines).toHaveLength(maxLines);
    expect(m.lines.at(-1)?.text).toMatch(/^49 x+$/);
    expect(Math.max(...m.lines.map((l) => l.text.length))).toBe(300);
  });
});

describe('lines that come once per change', () => {
  const once = (m: Memory, text: string, detail?: string) => withNote(m, at, 'error', 'name_conflict', text, detail);

  test('the same again is not written again', () =>
    expect(times(3, newMemory(at), (m) => once(m, 'taken')).lines).toHaveLength(1));

  test('a change is, and a change back is too', () =>
    expect(once(once(once(newMemory(at), 'a'), 'b'), 'a').lines.map((l) => l.text)).toEqual(['a', 'b', 'a']));

  test('two long texts that differ only at their end are two', () => {
    const long = 'x'.repeat(250);
    expect(once(once(newMemory(at), `${long}1`), `${long}2`).lines).toHaveLength(2);
  });

  test('what changes in the text without mattering is left out of the comparison', () =>
    expect(once(once(newMemory(at), 'next try 1', 'same'), 'next try 2', 'same').lines).toHaveLength(1));

  test('two events do not mix', () => {
    const m = withNote(once(newMemory(at), 'x'), at, 'warn', 'local_drift', 'x');
    expect(m.noted).toHaveLength(2);
    expect(forgetNotes(m, 'name_conflict').noted).toHaveLength(1);
  });

  test('forgotten, the next one is written again', () =>
    expect(once(forgetNotes(once(newMemory(at), 'x'), 'name_conflict'), 'x').lines).toHaveLength(2));

  test('nothing to forget changes nothing', () => {
    const m = once(newMemory(at), 'x');
    expect(forgetNotes(m, 'crashed')).toBe(m);
  });
});

describe('phases', () => {
  test('a change is recorded with its reason and time', () => {
    const m = withPhase(newMemory(at), iso(t0 + 1), 'running', 'as wanted');
    expect(m).toMatchObject({ phase: 'running', since: iso(t0 + 1) });
    expect(m.transitions).toEqual([{ at: iso(t0 + 1), from: 'absent', to: 'running', reason: 'as wanted' }]);
  });

  test('the same phase again is no change', () => {
    const m = newMemory(at);
    expect(withPhase(m, iso(t0 + 1), 'absent', 'x')).toBe(m);
  });

  test('the newest 20 changes are kept', () => {
    const m = times(70, newMemory(at), (x, i) => withPhase(x, at, i % 2 === 0 ? 'running' : 'stopped', `${i}`));
    expect(m.transitions).toHaveLength(maxTransitions);
    expect(m.transitions.at(-1)?.reason).toBe('69');
  });
});

test('members are dropped, not set to undefined', () => {
  const m: Memory = { ...newMemory(at), crashedAt: 1, startDueAt: 2 };
  expect(Object.keys(without(m, 'crashedAt', 'startDueAt'))).toEqual(Object.keys(newMemory(at)));
});

test('a memory as full as it can be stays below 16 KB, and survives JSON', () => {
  const long = 'x'.repeat(1000);
  const noted = events.reduce((m, event) => withNote(m, at, 'error', event, long, `${event}${long}`), newMemory(at));
  const lined = times(maxLines, noted, (m) => withLine(m, at, 'error', 'unmanaged_duplicate', long));
  const moved = times(40, lined, (m, i) => withPhase(m, at, phases[6 + (i % 2)] ?? 'failed', long));
  const error = { kind: 'DecryptionFailed', message: 'x'.repeat(300) };
  const full: Memory = {
    ...moved,
    known: {
      ref: 'c'.repeat(64),
      state: 'transitional',
      startedAt: at,
      runtimeRestarts: 99,
      contractHash: 'h'.repeat(64),
      specHash: 's'.repeat(16),
    },
    crashedAt: t0,
    startDueAt: t0,
    failure: { action: 'refresh', key: 'k'.repeat(90), error, attempts: 99, wasUp: true, retryAt: t0, since: at },
    lastError: error,
    override: { requested: 'stop', instead: 'start', at },
    told: { status: 'started', at },
    betweenSince: t0,
    healthTold: `99 ${at} true`,
  };
  expect(Buffer.byteLength(JSON.stringify(full))).toBeLessThan(16 * 1024);
  expect(JSON.parse(JSON.stringify(full))).toEqual(full);
});
