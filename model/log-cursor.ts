import type { TimedLine } from './cadence.ts';
import { shortHash } from './observation.ts';

/** The last line of a log that somebody has: its time in a form that compares, and a hash of its text. */
export interface LogCursor {
  readonly at: string;
  readonly mark: string;
}

/** Runtimes give up to nine digits of a second and leave out zeros at the end; equal lengths compare as text. */
const comparable = (at: string): string => {
  const [seconds = '', fraction = ''] = at.replace('Z', '').split('.');
  return `${seconds}.${fraction.padEnd(9, '0')}`;
};

const cursorAt = ({ at, text }: TimedLine): LogCursor => ({ at: comparable(at), mark: shortHash(text) });

/** The cursor after this tail; an empty one leaves it where it was. */
export const moved = (cursor: LogCursor | undefined, tail: readonly TimedLine[]): LogCursor | undefined => {
  const last = tail.at(-1);
  return last === undefined ? cursor : cursorAt(last);
};

/** The lines of a tail after the cursor; where its line is no longer in the tail, all that are younger. */
export function unsent(tail: readonly TimedLine[], cursor: LogCursor | undefined): readonly TimedLine[] {
  if (cursor === undefined) return tail;
  const seen = tail.findLastIndex((line) => {
    const { at, mark } = cursorAt(line);
    return at === cursor.at && mark === cursor.mark;
  });
  return seen !== -1 ? tail.slice(seen + 1) : tail.filter((line) => comparable(line.at) > cursor.at);
}
