import { describe, expect, test } from 'vitest';
import { markOf, pendingSignals } from '../../activities/pending.ts';
import type { ConnectorMemo } from '../../workflows/messages.ts';

const memo = (desired: string, actual: string, lines = ''): ConnectorMemo => ({
  summary: {} as ConnectorMemo['summary'],
  marks: { desired, actual, looping: false, lines },
});
const key = 'opencti/1';

describe('whom a poll signals', () => {
  test('a connector without a workflow, and one whose workflow shows something else', () => {
    const p = pendingSignals();
    expect(p.isNews(key, 'start up', undefined, 0)).toBe(true);
    expect(p.isNews(key, 'start up', memo('start', 'down'), 0)).toBe(true);
    expect(p.isNews(key, 'start up', memo('start', 'up'), 0)).toBe(false);
    expect(p.awaits(key)).toBe(false);
  });

  test('once about the same, as long as the workflow shows nothing new; after five minutes again', () => {
    const p = pendingSignals();
    p.signalled(key, 'start down', memo('start', 'up'), 0);
    expect(p.awaits(key)).toBe(true);
    expect(p.isNews(key, 'start down', memo('start', 'up'), 299_000)).toBe(false);
    expect(p.isNews(key, 'start down', memo('start', 'up'), 300_000)).toBe(true);
  });

  test('again about the same, when the workflow has dealt with it and it is back', () => {
    const p = pendingSignals();
    p.signalled(key, 'start down', memo('start', 'up', '10:00'), 0);
    expect(p.isNews(key, 'start down', memo('start', 'up', '10:01'), 1_000)).toBe(true);
  });

  test('about what it was before, while the signal that said otherwise is on its way', () => {
    const p = pendingSignals();
    p.signalled(key, 'stop down', memo('start', 'down'), 0);
    expect(p.isNews(key, 'start down', memo('start', 'down'), 1_000)).toBe(true);
    p.signalled(key, 'start down', memo('start', 'down'), 1_000);
    expect(p.isNews(key, 'start down', memo('start', 'down'), 2_000)).toBe(false);
    expect(p.awaits(key)).toBe(false);
  });

  test('a connector whose workflow still acts on another runtime, though both have the same', () => {
    const moved = memo('start', 'none');
    const there = { ...moved, marks: { ...moved.marks, queue: 'there' } };
    expect(pendingSignals().isNews(key, markOf('start', 'none', 'here'), there, 0)).toBe(true);
    expect(pendingSignals().isNews(key, markOf('start', 'none', 'there'), there, 0)).toBe(false);
  });

  test('nobody once the workflow shows what is', () => {
    const p = pendingSignals();
    p.signalled(key, 'stop up', memo('start', 'up'), 0);
    expect(p.isNews(key, 'stop down', memo('stop', 'down'), 1_000)).toBe(false);
    expect(p.awaits(key)).toBe(false);
  });
});
