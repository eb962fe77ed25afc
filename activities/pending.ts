import { shortHash } from '../model/observation.ts';
import type { ConnectorMemo } from '../workflows/messages.ts';

const forget = 5 * 60_000;

/**
 * Whom a poll has signalled and who has not shown yet that it dealt with it, so that the next polls neither repeat
 * themselves nor take an old memo for an answer. Losing it costs a needless signal, no more.
 */
export interface Pending {
  /** Whether this connector is to be signalled: its record and objects (`mark`) are not what its workflow shows. */
  isNews(key: string, mark: string, memo: ConnectorMemo | undefined, now: number): boolean;
  /** It was signalled about `mark` while its workflow showed `memo`. */
  signalled(key: string, mark: string, memo: ConnectorMemo | undefined, now: number): void;
  /** An answer is awaited; an old memo will not do to say what is new. */
  awaits(key: string): boolean;
}

export const shownBy = (memo: ConnectorMemo | undefined): string | undefined =>
  memo === undefined ? undefined : markOf(memo.marks.desired, memo.marks.actual, memo.marks.queue);

/** What a connector's workflow has dealt with: a record, objects, and the queue of the runtime they are on. */
export const markOf = (desired: string, actual: string, queue: string | undefined): string =>
  [desired, actual, ...(queue === undefined ? [] : [queue])].join(' ');

const digest = (memo: ConnectorMemo | undefined): string => shortHash(JSON.stringify(memo ?? null));

export function pendingSignals(): Pending {
  const awaited = new Map<string, { readonly mark: string; readonly memo: string; readonly at: number }>();
  return {
    isNews(key, mark, memo, now) {
      const dealtWith = shownBy(memo) === mark;
      const last = awaited.get(key);
      if (last === undefined) return !dealtWith;
      const answered = digest(memo) !== last.memo;
      if (answered || now - last.at >= forget) {
        awaited.delete(key);
        return !dealtWith;
      }
      // Unanswered. Back to what it was before means that the signal on its way is outdated: a stop, a start behind it.
      return last.mark !== mark;
    },
    signalled(key, mark, memo, now) {
      // What shows already is not answered by a change.
      if (shownBy(memo) === mark) awaited.delete(key);
      else awaited.set(key, { mark, memo: digest(memo), at: now });
    },
    awaits: (key) => awaited.has(key),
  };
}
