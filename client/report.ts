import type { ActionResult } from '../model/command.ts';
import type { Reconciled } from './reconcile.ts';
import { type Paint, oneLine } from './text.ts';

/** What `reconcile` and `plan` print for people. */
export function report(results: readonly Reconciled[], paint: Paint): readonly string[] {
  return results.flatMap((r, i) => [
    ...(i === 0 ? [] : ['']),
    `${paint('bold', r.platform)}: ${counts(r)}`,
    ...(r.dryRun ? lines('would', r.planned, undefined, paint) : lines('done', r.changed, 'green', paint)),
    ...lines('failed', r.failed, 'red', paint),
  ]);
}

function counts({ dryRun, seen, planned, changed, failed }: Reconciled): string {
  const wrong = failed.length === 0 ? '' : `, ${failed.length} failed`;
  if (dryRun)
    return `${seen} seen, ${planned.length === 0 ? 'nothing to do' : `${planned.length} to do`}${wrong}; nothing was changed`;
  return `${seen} seen, ${changed.length === 0 ? 'nothing to change' : `${changed.length} changed`}${wrong}`;
}

const lines = (
  word: string,
  actions: readonly ActionResult[],
  colour: 'green' | 'red' | undefined,
  paint: Paint,
): readonly string[] =>
  actions.map((a) => {
    const why = a.error === undefined || a.error === a.reason ? a.reason : `${a.error} (${a.reason})`;
    return `  ${paint(colour, word)} ${a.action} ${oneLine(a.name || a.id)}: ${oneLine(why)}`;
  });

/** True when a script should stop here. */
export const anyFailed = (results: readonly Reconciled[]): boolean => results.some((r) => r.failed.length > 0);
