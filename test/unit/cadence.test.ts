import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { cleanLine, firstDue, mergeLog, newLog, nextBeat, type Sent } from '../../model/cadence.ts';
import { type LifecycleLine, lineText } from '../../model/memory.ts';

const now = Date.parse('2030-01-10T12:00:00.000Z');
const at = (seconds: number): string => new Date(now + seconds * 1_000).toISOString();
const own = (seconds: number, text = 'ready'): LifecycleLine => ({
  at: at(seconds),
  level: 'info',
  event: 'started',
  text,
});
const bytes = (lines: readonly string[]): number => lines.reduce((sum, l) => sum + Buffer.byteLength(l) + 1, 0);

describe('a line for the platform', () => {
  test.each([
    ['plain text', 'plain text'],
    ['\u001b[31mred\u001b[0m and \u001b[1;4mbold\u001b[m', 'red and bold'],
    ['\u001b]0;a title\u0007after', 'after'],
    ['\u001b]8;;http://x\u001b\\link\u001b]8;;\u001b\\', 'link'],
    ['a\ttab stays', 'a\ttab stays'],
    ['no\u0000 \u0008control\u007f', 'no control'],
    ['the end\r\n', 'the end'],
    ['  indented  ', '  indented'],
    ['\u001b[2K', ''],
  ])('%j becomes %j', (text, line) => expect(cleanLine(text)).toBe(line));

  test('is cut at 8 KiB, never within a character', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme', minLength: 1, maxLength: 20 }), (unit) => {
        const line = cleanLine(unit.repeat(9_000));
        expect(Buffer.byteLength(line)).toBeLessThanOrEqual(8_192);
        expect(Buffer.from(line).toString()).toBe(line);
      }),
    );
    expect(cleanLine('x'.repeat(9_000))).toHaveLength(8_192);
    expect(cleanLine('😀'.repeat(3_000))).toBe('😀'.repeat(2_048));
  });
});

describe('the log of one push', () => {
  test("the connector's lines and our own in one, by time; ours after the connector's of the same millisecond", () => {
    const tail = [1, 2, 3].map((s) => ({ at: at(s), text: `line ${s}` }));
    expect(mergeLog(tail, [own(0), own(2)], 100, now)).toEqual([
      lineText(own(0)),
      'line 1',
      'line 2',
      lineText(own(2)),
      'line 3',
    ]);
  });

  test('times of any precision', () => {
    const tail = ['00Z', '00.000000001Z', '00.5Z', '00.512Z', '00.512000009Z', '01Z'].map((s) => ({
      at: `2030-01-10T12:00:${s}`,
      text: s,
    }));
    expect(mergeLog(tail, [], 100, now)).toEqual(tail.map((l) => l.text));
    expect(mergeLog(tail.toReversed(), [], 100, now).at(-1)).toBe('01Z');
    expect(mergeLog([{ at: '2030-01-10T12:00:00.5Z', text: 'later' }], [own(0.25)], 100, now).at(-1)).toBe('later');
    expect(mergeLog([{ at: '2030-01-10T12:00:00Z', text: 'earlier' }], [own(0.25)], 100, now)[0]).toBe('earlier');
  });

  test('empty lines are dropped before the newest are kept; our own lines have their place', () => {
    const tail = Array.from({ length: 20 }, (_, i) => ({ at: at(i), text: i % 2 === 0 ? `line ${i}` : ' \r' }));
    expect(mergeLog(tail, [], 3, now)).toEqual(['line 14', 'line 16', 'line 18']);
    expect(mergeLog(tail, [own(-1)], 3, now)).toEqual([lineText(own(-1)), 'line 16', 'line 18']);
    expect(mergeLog(tail, [own(-1)], 1, now)).toEqual([lineText(own(-1))]);
  });

  test('our own lines: the newest 20 of the last 24 hours', () => {
    const day = 24 * 3_600;
    expect(mergeLog([], [own(-day - 1, 'too old'), own(-day + 1, 'just in')], 100, now)).toEqual([
      lineText(own(-day + 1, 'just in')),
    ]);
    const many = Array.from({ length: 30 }, (_, i) => own(i, `line ${i}`));
    expect(mergeLog([], many, 100, now)).toEqual(many.slice(-20).map(lineText));
  });

  test.each(['x', 'é', '語', '😀'])('at most 256 KiB, the newest kept, in lines of %j', (character) => {
    const long = character.repeat(8_192 / Buffer.byteLength(character));
    const tail = Array.from({ length: 100 }, (_, i) => ({ at: at(i), text: `${i} ${long}` }));
    const lines = mergeLog(tail, [], 100, now);
    expect(bytes(lines)).toBeLessThanOrEqual(256 * 1_024);
    expect(bytes(lines)).toBeGreaterThan(247 * 1_024);
    expect(lines.at(-1)).toMatch(/^99 /);
  });
});

describe('when something is due', () => {
  test('first within 5 s or one period, spread over the fleet', () => {
    expect(firstDue(now, 0, 10_000, 30_000)).toEqual({ nextLogs: now, nextHealth: now });
    expect(firstDue(now, 0.5, 10_000, 30_000)).toEqual({ nextLogs: now + 2_500, nextHealth: now + 2_500 });
    expect(firstDue(now, 0.5, 1_000, 2_000)).toEqual({ nextLogs: now + 500, nextHealth: now + 1_000 });
  });

  test('then on the same beat; beats that were missed are not made up', () => {
    expect(nextBeat(now, 10_000, now + 300)).toBe(now + 10_000);
    expect(nextBeat(now, 10_000, now + 9_999)).toBe(now + 10_000);
    expect(nextBeat(now, 10_000, now + 35_000)).toBe(now + 45_000);
  });
});

describe('a push that extends the log', () => {
  const line = (t: number, text = `line ${t}`) => ({ at: at(t), text });

  test('carries what is new since the last accepted one; nothing new: nothing', () => {
    const first = newLog([line(1), line(2)], [own(1)], {}, 100, now);
    expect(first.lines).toEqual(['line 1', lineText(own(1)), 'line 2']);
    expect(newLog([line(1), line(2)], [own(1)], first.sent, 100, now).lines).toEqual([]);
    const second = newLog([line(2), line(3)], [own(1), own(4)], first.sent, 100, now);
    expect(second.lines).toEqual(['line 3', lineText(own(4))]);
  });

  test('more lines of the very instant it went to are not lost, whatever the digits of their time', () => {
    const { sent } = newLog([{ at: '2030-01-10T12:00:00.5Z', text: 'a' }], [], {}, 100, now);
    const tail = ['a', 'b'].map((text) => ({ at: '2030-01-10T12:00:00.500000000Z', text }));
    const next = newLog(tail, [], sent, 100, now);
    expect(next.lines).toEqual(['b']);
    expect(newLog(tail, [], next.sent, 100, now).lines).toEqual([]);
  });

  test('over any course of pushes, accepted or lost, every line arrives once and in order', () => {
    fc.assert(
      fc.property(fc.array(fc.record({ more: fc.nat(5), accepted: fc.boolean() }), { maxLength: 20 }), (course) => {
        const log: { at: string; text: string }[] = [];
        const shown: string[] = [];
        let sent: Sent = {};
        for (const { more, accepted } of [...course, { more: 0, accepted: true }]) {
          for (let i = 0; i < more; i++) log.push(line(Math.floor(log.length / 3), `line ${log.length}`));
          const push = newLog(log.slice(-100), [], sent, 100, now);
          if (!accepted) continue;
          shown.push(...push.lines);
          sent = push.sent;
        }
        expect(shown).toEqual(log.map((l) => l.text));
      }),
    );
  });
});
