import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { logNews } from '../../activities/lognews.ts';
import { moved, unsent } from '../../model/log-cursor.ts';
import type { LifecycleLine } from '../../model/memory.ts';

const line = (second: number, text: string, fraction = '') => ({
  at: `2030-01-01T00:00:${String(second).padStart(2, '0')}${fraction}Z`,
  text,
});
const now = Date.parse('2030-01-01T00:01:00Z');

describe('what was not sent yet', () => {
  const tail = [line(1, 'a'), line(2, 'b'), line(2, 'b'), line(3, 'c')];
  test('is all of it at first, and nothing right after', () => {
    expect(unsent(tail, undefined)).toEqual(tail);
    expect(unsent(tail, moved(undefined, tail))).toEqual([]);
  });
  test('is what follows the last line sent, equal lines of one moment included', () => {
    expect(unsent(tail, moved(undefined, tail.slice(0, 1)))).toEqual(tail.slice(1));
    expect(unsent([...tail, line(3, 'd'), line(3, 'c', '.5')], moved(undefined, tail))).toEqual([
      line(3, 'd'),
      line(3, 'c', '.5'),
    ]);
  });
  test('is what is younger where that line is no longer shown, however exact the times are', () => {
    const cursor = moved(undefined, [line(2, 'gone', '.25')]);
    const rest = [line(2, 'older', '.2'), line(2, 'younger', '.250000001'), line(3, 'c')];
    expect(unsent(rest, cursor)).toEqual(rest.slice(1));
  });
  test('an empty tail moves nothing', () => {
    const cursor = moved(undefined, tail);
    expect(moved(cursor, [])).toBe(cursor);
  });
  test('every line is sent once, in order, however the log is cut into tails', () => {
    fc.assert(
      fc.property(
        fc.array(fc.constantFrom('x', 'y'), { maxLength: 40 }),
        fc.array(fc.integer({ min: 1, max: 5 }), { minLength: 1 }),
        (texts, cuts) => {
          const log = texts.map((text, i) => line(i, text));
          let cursor: ReturnType<typeof moved>;
          const sent: typeof log = [];
          for (let end = 0, i = 0; end < log.length; i++) {
            end = Math.min(log.length, end + cuts[i % cuts.length]!);
            const seen = log.slice(Math.max(0, end - 5), end);
            sent.push(...unsent(seen, cursor));
            cursor = moved(cursor, seen);
          }
          expect(sent).toEqual(log);
        },
      ),
    );
  });
});

describe('where pushes are added', () => {
  const own = (second: number, text: string): LifecycleLine => ({
    at: `2030-01-01T00:00:${String(second).padStart(2, '0')}.000Z`,
    level: 'info',
    event: 'started',
    text,
  });
  test('a push is one element of what is new; what was not accepted comes again', () => {
    const news = logNews('added');
    const first = news.compose([line(1, 'a'), line(3, 'b')], [own(2, 'up')], 100, now);
    expect(first).toEqual(['a\n2030-01-01T00:00:02.000Z [cadenza] info started: up\nb']);
    expect(news.compose([line(1, 'a'), line(3, 'b')], [own(2, 'up')], 100, now)).toEqual(first);
    news.accepted(first!);
    expect(news.compose([line(1, 'a'), line(3, 'b')], [own(2, 'up')], 100, now)).toBeUndefined();
    // A line of ours may be told later than younger ones of the connector.
    expect(news.compose([line(1, 'a'), line(3, 'b'), line(4, 'c')], [own(2, 'up'), own(2, 'late')], 100, now)).toEqual([
      '2030-01-01T00:00:02.000Z [cadenza] info started: late\nc',
    ]);
  });
  test('the newest are kept when there are too many', () => {
    const tail = Array.from({ length: 9 }, (_, i) => line(i, `l${i}`));
    expect(logNews('added').compose(tail, [], 3, now)).toEqual(['l6\nl7\nl8']);
  });
});

test('where a push replaces the one before it holds all, one element a line', () => {
  const news = logNews('replaced');
  const first = news.compose([line(1, 'a'), line(2, 'b')], [], 100, now);
  expect(first).toEqual(['a', 'b']);
  news.accepted(first!);
  expect(news.compose([line(1, 'a'), line(2, 'b')], [], 100, now)).toBeUndefined();
  expect(news.compose([line(1, 'a'), line(2, 'b'), line(3, 'c')], [], 100, now)).toEqual(['a', 'b', 'c']);
});
