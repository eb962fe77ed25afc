import type { Check } from '../../model/check.ts';
import { Problem } from '../../model/errors.ts';

/** How a check is written down. */

export const good = (name: string, detail: string): Check => ({ name, ok: true, detail });

/** Works, but somebody should know: `fix` says what would be better. */
export const advice = (name: string, detail: string, fix: string): Check => ({ name, ok: true, detail, fix });

export const bad = (name: string, detail: string, fix: string): Check => ({ name, ok: false, detail, fix });

export const skipped = (name: string, why: string): Check => ({ name, ok: null, detail: `not looked at: ${why}` });

/** What went wrong in words that carry no secret: only our own errors are quoted. */
export const wordsOf = (error: unknown): string =>
  error instanceof Problem
    ? error.message
    : error instanceof Error && error.name === 'TimeoutError'
      ? 'no answer in time'
      : 'an unexpected error; the log of the worker has more';

/** Whatever a check throws becomes a failed check; a doctor does not fall ill. */
export async function guarded(
  name: string,
  fix: string,
  work: () => Promise<readonly Check[]>,
): Promise<readonly Check[]> {
  try {
    return await work();
  } catch (error) {
    return [bad(name, wordsOf(error), fix)];
  }
}
