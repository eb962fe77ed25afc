import { masked } from '../model/mask.ts';

/** One thing wrong in the configuration. */
export interface ConfigProblem {
  /** Path of the key, or name of the file. */
  readonly path: string;
  /** The key as a variable; absent when the fault is not of one key. */
  readonly env?: string;
  /** What was found, masked if secret. */
  readonly value?: string;
  /** "is not a whole number". */
  readonly reason: string;
  /** What to do. */
  readonly fix: string;
  /** Where the value came from. */
  readonly origin?: string;
}

/** One problem on one line and its remedy on the next. */
export function problemText(p: ConfigProblem): string {
  const found = p.value === undefined ? '' : ` (found ${JSON.stringify(p.value)})`;
  const from = p.origin === undefined || p.origin === p.path ? '' : `, from ${p.origin}`;
  const name = p.env === undefined ? p.path : `${p.path} / ${p.env}`;
  return `${name} ${p.reason}${found}${from}\n    ${p.fix}`;
}

/** All problems, for a person. */
export const problemsText = (problems: readonly ConfigProblem[]): string =>
  [
    `the configuration has ${problems.length === 1 ? 'a fault' : `${problems.length} faults`}:`,
    ...problems.map((p) => `  ${problemText(p)}`),
  ].join('\n');

const longest = 200;

/** A value fit to be shown: credentials inside of URLs are masked, key material and very long texts are cut. */
export function shown(text: string): string {
  if (text.includes('-----BEGIN'))
    return /PRIVATE KEY/.test(text) ? masked : `${text.trim().split(/\s*\n|\\n/)[0]} ...`;
  const safe = text
    .replace(/\/\/[^\s]*@/g, `//${masked}@`)
    .replace(/^(?![a-z][a-z0-9+.-]*:\/\/)[^\s/@:]+:[^\s@]+@/i, `${masked}@`); // user:password@host without a scheme
  return safe.length > longest ? `${safe.slice(0, longest)} ...` : safe;
}
