import type { Check } from '../model/check.ts';
import { type Paint, oneLine } from './text.ts';

/** What a person reads of the doctor's checks: one line each, and below a failed one how to mend it. */
export function verdict(checks: readonly Check[], from: string, paint: Paint): readonly string[] {
  const wrong = checks.filter((c) => c.ok === false).length;
  return [
    paint('dim', `Looked at ${from}.`),
    ...checks.flatMap((c) => [
      `${sign(c, paint)} ${c.name}: ${oneLine(c.detail)}`,
      ...(c.fix === undefined ? [] : [`  ${paint('cyan', '→')} ${oneLine(c.fix)}`]),
    ]),
    wrong === 0 ? 'Nothing is wrong.' : paint('red', `${wrong} of ${checks.length} checks failed.`),
  ];
}

const sign = ({ ok, fix }: Check, paint: Paint): string => {
  if (ok === null) return paint('dim', '-');
  if (!ok) return paint('red', '✗');
  return fix === undefined ? paint('green', '✓') : paint('yellow', '!');
};
