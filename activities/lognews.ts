import { createHash } from 'node:crypto';
import { mergeLog, type TimedLine } from '../model/cadence.ts';
import { type LogCursor, moved, unsent } from '../model/log-cursor.ts';
import { lineText, type LifecycleLine } from '../model/memory.ts';
import type { PlatformClient } from '../platforms/platform.ts';

/** What of one connector's log the platform does not have yet. */
export interface LogNews {
  /** What to push, or nothing. `tail` and Cadenza's `own` lines are oldest first. */
  compose(
    tail: readonly TimedLine[],
    own: readonly LifecycleLine[],
    max: number,
    now: number,
  ): readonly string[] | undefined;
  /** The platform has these elements, composed last. */
  accepted(elements: readonly string[]): void;
}

export const logNews = (semantics: PlatformClient['logs']): LogNews => (semantics === 'added' ? added() : replaced());

const digest = (lines: readonly string[]): string => createHash('sha1').update(lines.join('\n')).digest('base64');

/** The platform shows the last push and nothing else: all of it, whenever anything in it is new. */
function replaced(): LogNews {
  let last = '';
  return {
    compose(tail, own, max, now) {
      const merged = mergeLog(tail, own, max, now);
      return merged.length > 0 && digest(merged) !== last ? merged : undefined;
    },
    accepted: (elements) => {
      last = digest(elements);
    },
  };
}

/**
 * The platform keeps every push: only what it does not have, as one element, because elements of one push have no order
 * there and only the newest ten are kept. What was sent is known as long as the worker runs; a new one begins with
 * one tail, as lines written while no worker was up must not get lost.
 */
function added(): LogNews {
  interface Sent {
    readonly cursor: LogCursor | undefined;
    readonly own: ReadonlySet<string>;
  }
  let sent: Sent = { cursor: undefined, own: new Set() };
  let then: Sent = sent;
  return {
    compose(tail, own, max, now) {
      const lines = unsent(tail, sent.cursor);
      const news = own.filter((line) => !sent.own.has(lineText(line)));
      then = { cursor: moved(sent.cursor, tail), own: new Set(own.map(lineText)) };
      const merged = mergeLog(lines, news, max, now);
      return merged.length > 0 ? [merged.join('\n')] : undefined;
    },
    accepted() {
      sent = then;
    },
  };
}
