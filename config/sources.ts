import { readFiles } from './files.ts';
import { fromEnvironment } from './environment.ts';
import { keysOf } from './keys.ts';
import { at, emptyTable, hasValue, mergeTables, type Table } from './node.ts';
import { placeholder } from './platform.ts';
import type { ConfigProblem } from './problem.ts';
import { schema } from './schema.ts';
import { shape } from './shape.ts';

export interface LoadOptions {
  /** Folder that holds `config/`. */
  readonly cwd: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Read this file instead of those in `config/`; stands over `CADENZA_CONFIG`. */
  readonly file?: string;
}

export interface Sources {
  /** Files, then the environment over them. */
  readonly table: Table;
  readonly problems: readonly ConfigProblem[];
  readonly warnings: readonly string[];
}

export const allKeys = keysOf(schema);

export function readSources({ cwd, env, file }: LoadOptions): Sources {
  const files = readFiles(cwd, env, file);
  const shaped = files.tables.map((table) => shape(table, schema));
  return {
    table: [...shaped.map((s) => s.table), fromEnvironment(allKeys, env)].reduce(mergeTables, emptyTable),
    problems: [...files.problems, ...shaped.flatMap((s) => s.problems)],
    warnings: [...files.warnings, ...shaped.flatMap((s) => s.warnings)],
  };
}

const shippedUrl = 'http://host.docker.internal:4000';

/**
 * True when somebody set the URL or token of a platform: any in the environment, in a file one that is not the shipped
 * placeholder. Only when nobody did may the sandbox stand in. Files that cannot be read count as set, so that their
 * fault is reported instead of hidden behind the sandbox.
 */
export function platformsConfigured(options: LoadOptions): boolean {
  const { table, problems } = readSources(options);
  if (problems.length > 0) return true;
  return ['opencti', 'openaev'].some(
    (platform) => isSet(table, `${platform}.url`, shippedUrl) || isSet(table, `${platform}.token`, placeholder),
  );
}

function isSet(table: Table, path: string, shipped: string): boolean {
  const node = at(table, path);
  if (node?.kind !== 'scalar' || !hasValue(node)) return node !== undefined && hasValue(node);
  return node.origin.startsWith('environment ') || node.text !== shipped;
}
