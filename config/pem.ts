import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { masked } from '../model/mask.ts';
import { cause } from './files.ts';
import { envName } from './keys.ts';
import { at, type Table } from './node.ts';
import { shown, type ConfigProblem } from './problem.ts';

/**
 * Faults of keys that take PEM text or the path of a file with it. Whoever connects reads the file, long after the
 * start; looking now tells of a wrong path together with all other faults. Paths are relative to `cwd`.
 */
export function pemProblems(
  section: string,
  values: Readonly<Record<string, unknown>>,
  names: readonly string[],
  table: Table,
  cwd: string,
): readonly ConfigProblem[] {
  return names.flatMap((name) => {
    const value = values[name];
    const reason = typeof value === 'string' ? unreadable(value, cwd) : undefined;
    if (typeof value !== 'string' || reason === undefined) return [];
    const path = `${section}.${name}`;
    const origin = at(table, path)?.origin;
    return [
      {
        path,
        env: envName(path),
        // A private key pasted without its first line looks like a path.
        value: name === 'key' ? masked : shown(value),
        reason: `cannot be read (${reason})`,
        fix: 'give PEM text, or a file that the user of this process may read',
        ...(origin === undefined ? {} : { origin }),
      },
    ];
  });
}

function unreadable(value: string, cwd: string): string | undefined {
  if (value.includes('-----BEGIN')) return undefined;
  try {
    readFileSync(resolve(cwd, value));
    return undefined;
  } catch (error) {
    return cause(error);
  }
}
