import { masked } from '../model/mask.ts';
import { complete } from './complete.ts';
import type { Key } from './keys.ts';
import { at, type Node, type Table } from './node.ts';
import { shown, type ConfigProblem } from './problem.ts';
import { isRounded, rawOf } from './raw.ts';
import { schema, type Config } from './schema.ts';
import { allKeys, readSources, type LoadOptions } from './sources.ts';

export interface Reading {
  /** Where a value is invalid, the default stands in its place. */
  readonly config: Config;
  /** All faults of single keys and of files, in the order of the schema. */
  readonly problems: readonly ConfigProblem[];
  readonly warnings: readonly string[];
  /** What was given, by key, with origins. */
  readonly table: Table;
}

/** Reads files and environment and checks every key by itself. Never throws on what it reads. */
export function readConfig(options: LoadOptions): Reading {
  const sources = readSources(options);
  const { table, warnings } = complete(sources.table, options.env);
  const problems: ConfigProblem[] = [...sources.problems];
  const raw: Record<string, unknown> = {};
  for (const key of allKeys) {
    const taken = take(key, at(table, key.path));
    if (taken.problem !== undefined) problems.push(taken.problem);
    set(raw, key.path.split('.'), taken.raw);
  }
  return { config: schema.parse(raw), problems, warnings: [...sources.warnings, ...warnings], table };
}

interface Taken {
  /** Undefined for the default. */
  readonly raw: unknown;
  readonly problem?: ConfigProblem;
}

function take(key: Key, node: Node | undefined): Taken {
  if (node === undefined) return { raw: undefined };
  const taken = rawOf(node, key.info);
  if ('reason' in taken) return { raw: undefined, problem: problemOf(key, node, taken.reason) };
  const parsed = key.schema.safeParse(taken.raw);
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    const place = issue === undefined ? [] : issue.path;
    const where = place.length === 0 ? '' : `at ${place.map(String).join('.')} `;
    return { raw: undefined, problem: problemOf(key, node, `${where}${wording(issue?.code, issue?.message)}`) };
  }
  const isText = typeof parsed.data === 'string' || key.info.form !== 'text';
  if (isText && key.info.form !== 'tree' && isRounded(node))
    return {
      raw: undefined,
      problem: { ...problemOf(key, node, 'is a number or date where a text belongs'), fix: 'put it in quotes' },
    };
  return { raw: taken.raw };
}

/** Our own messages as they are; zod's own ones name types a reader has no use for. */
const wording = (code: string | undefined, message: string | undefined): string =>
  code === 'invalid_type' ? 'is missing or of another type' : (message ?? 'is not valid');

function problemOf(key: Key, node: Node, reason: string): ConfigProblem {
  const hidden = key.info.secret || key.path.includes('.base_deployment');
  return {
    path: key.path,
    env: key.env,
    reason,
    fix: `expected ${key.info.expects}`,
    origin: node.origin,
    ...(node.kind === 'scalar' ? { value: hidden ? masked : shown(node.text) } : {}),
  };
}

function set(into: Record<string, unknown>, [name = '', ...rest]: readonly string[], value: unknown): void {
  if (rest.length > 0) set((into[name] ??= {}) as Record<string, unknown>, rest, value);
  else if (value !== undefined) into[name] = value;
}
