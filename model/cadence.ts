import { type LifecycleLine, lineText } from './memory.ts';

/** When a connector's log and health are due, and what a log push contains. Times are epoch ms. */
export interface Due {
  readonly nextHealth: number;
  readonly nextLogs: number;
}

const day = 24 * 3_600_000;
const maxLineBytes = 8 * 1024;
const maxPushBytes = 256 * 1024;
const newestLifecycle = 20;

/** ANSI escapes (CSI, OSC and two-character ones). */
/* oxlint-disable no-control-regex -- control characters are what is looked for */
const escapes = new RegExp(
  '\\u001b(?:\\[[0-9;?]*[ -/]*[@-~]|\\][^\\u0007\\u001b]*(?:\\u0007|\\u001b\\\\)|[@-Z\\\\-_])',
  'g',
);
const controls = new RegExp('[\\u0000-\\u0008\\u000b-\\u001f\\u007f]', 'g');
/* oxlint-enable no-control-regex */

/** UTF-8 bytes of a character. */
const width = (character: string): number => {
  const code = character.codePointAt(0) ?? 0;
  return code < 0x80 ? 1 : code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;
};

function bytes(text: string): number {
  let sum = 0;
  for (const c of text) sum += width(c);
  return sum;
}

/** Cuts to a number of UTF-8 bytes without splitting a character. */
function cutBytes(text: string, limit: number): string {
  if (text.length * 3 <= limit) return text;
  let sum = 0;
  let end = 0;
  for (const c of text) {
    sum += width(c);
    if (sum > limit) break;
    end += c.length;
  }
  return text.slice(0, end);
}

/** A line fit for the platform: no escapes, no control characters but tab, at most 8 KiB; empty ones are dropped. */
export const cleanLine = (text: string): string =>
  cutBytes(text.replace(escapes, '').replace(controls, '').trimEnd(), maxLineBytes);

export interface TimedLine {
  /** ISO 8601, any precision. */
  readonly at: string;
  readonly text: string;
}

/** Comparing the first 23 characters (milliseconds) suffices to merge; a shorter fraction must not end in a letter. */
const stamp = (at: string): string => at.slice(0, 23).replace('Z', '');

/** The connector's tail and Cadenza's own lines in one, by time, newest kept within the size of one push. */
export const mergeLog = (
  tail: readonly TimedLine[],
  lifecycle: readonly LifecycleLine[],
  maxLines: number,
  now: number,
): readonly string[] => merged(cleaned(tail), ownLines(lifecycle, now), maxLines);

const cleaned = (tail: readonly TimedLine[]): readonly TimedLine[] =>
  tail.map((l) => ({ at: l.at, text: cleanLine(l.text) })).filter((l) => l.text !== '');

const ownLines = (lifecycle: readonly LifecycleLine[], now: number): readonly TimedLine[] =>
  lifecycle
    .filter((l) => now - Date.parse(l.at) <= day)
    .slice(-newestLifecycle)
    .map((l) => ({ at: l.at, text: lineText(l) }));

/** How far a log was accepted: the newest time, and the lines of that very time, of which more may still come. */
export interface Cursor {
  readonly at: string;
  readonly texts: readonly string[];
}

export interface Sent {
  readonly tail?: Cursor;
  readonly own?: Cursor;
}

/** What of tail and own lines was not sent before, and how far it goes once this is accepted. Nothing new: no lines. */
export function newLog(
  tail: readonly TimedLine[],
  lifecycle: readonly LifecycleLine[],
  sent: Sent,
  maxLines: number,
  now: number,
): { readonly lines: readonly string[]; readonly sent: Sent } {
  const fresh = after(sent.tail, cleaned(tail));
  const own = after(sent.own, ownLines(lifecycle, now));
  const [tailCursor, ownCursor] = [advanced(sent.tail, fresh), advanced(sent.own, own)];
  return {
    lines: merged(fresh, own, maxLines),
    sent: {
      ...(tailCursor === undefined ? {} : { tail: tailCursor }),
      ...(ownCursor === undefined ? {} : { own: ownCursor }),
    },
  };
}

/** Runtimes write between no and nine digits of a second; as text these compare only at equal length. */
const instant = (at: string): string => {
  const [seconds = '', fraction = ''] = at.replace('Z', '').split('.');
  return `${seconds}.${fraction.padEnd(9, '0')}`;
};

const after = (cursor: Cursor | undefined, lines: readonly TimedLine[]): readonly TimedLine[] =>
  cursor === undefined
    ? lines
    : lines.filter((l) => {
        const at = instant(l.at);
        return at > cursor.at || (at === cursor.at && !cursor.texts.includes(l.text));
      });

function advanced(cursor: Cursor | undefined, lines: readonly TimedLine[]): Cursor | undefined {
  const newest = lines.map((l) => instant(l.at)).reduce((a, b) => (b > a ? b : a), '');
  if (newest === '') return cursor;
  const texts = lines.filter((l) => instant(l.at) === newest).map((l) => l.text);
  return { at: newest, texts: cursor?.at === newest ? [...cursor.texts, ...texts] : texts };
}

function merged(cleaned: readonly TimedLine[], own: readonly TimedLine[], maxLines: number): readonly string[] {
  const room = Math.max(0, maxLines - own.length);
  const lines = [...cleaned.slice(room === 0 ? cleaned.length : -room), ...own]
    .map((line, order) => ({ line, order }))
    .toSorted((a, b) => {
      const x = stamp(a.line.at);
      const y = stamp(b.line.at);
      return x < y ? -1 : x > y ? 1 : a.order - b.order;
    })
    .map(({ line }) => line.text);
  let size = 0;
  let from = lines.length;
  while (from > 0) {
    size += bytes(lines[from - 1] ?? '') + 1;
    if (size > maxPushBytes) break;
    from -= 1;
  }
  return lines.slice(from);
}

/** First due times for a connector seen for the first time, spread over the period so that a fleet does not push at once. */
export const firstDue = (now: number, spread: number, logs: number, health: number): Due => ({
  nextHealth: now + Math.floor(spread * Math.min(health, 5_000)),
  nextLogs: now + Math.floor(spread * Math.min(logs, 5_000)),
});

/** The next due time on the same beat; beats missed while busy are skipped, not made up. */
export const nextBeat = (due: number, period: number, now: number): number =>
  due + period > now ? due + period : now + period;
