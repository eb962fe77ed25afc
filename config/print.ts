import { isSensitive, masked } from '../model/mask.ts';
import type { Key } from './keys.ts';
import { at, hasValue, type Node } from './node.ts';
import { shown } from './problem.ts';
import type { Reading } from './read.ts';
import { allKeys } from './sources.ts';

/** One key of the effective configuration. */
export interface Row {
  readonly path: string;
  readonly env: string;
  /** Masked where secret; null: not set. */
  readonly value: unknown;
  /** `default`, `config/default.yaml`, `environment MANAGER__ID`. */
  readonly origin: string;
}

/** Every key with its value and where that comes from. */
export function effective({ config, table, problems }: Pick<Reading, 'config' | 'table' | 'problems'>): readonly Row[] {
  const faulty = new Set(problems.map((p) => p.path));
  return allKeys.map((key) => {
    const node = at(table, key.path);
    const value =
      key.path.split('.').reduce<unknown>((here, name) => (here as Record<string, unknown>)[name], config) ?? null;
    return {
      path: key.path,
      env: key.env,
      value: hide(key, value),
      origin: faulty.has(key.path) ? 'default (the value given is not valid)' : originOf(node),
    };
  });
}

/** A table may be put together from several sources; an empty variable takes back what a file sets. */
function originOf(node: Node | undefined): string {
  if (node === undefined) return 'default';
  if (node.kind === 'table')
    return [...new Set([...node.entries.values()].filter(hasValue).map(originOf))].join(', ') || 'default';
  if (node.kind === 'list' || hasValue(node)) return node.origin;
  return node.origin.startsWith('environment ') ? `${node.origin} (empty)` : 'default';
}

function hide({ path, info }: Key, value: unknown): unknown {
  if (value === null) return null;
  if (info.secret) return Array.isArray(value) ? value.map(() => masked) : masked;
  if (typeof value === 'string' && path.endsWith('.base_deployment_json'))
    return JSON.stringify(deployment(JSON.parse(value)));
  return deployment(value);
}

/** Masks by name, and the values of a container's variables, which are pairs of name and value. */
function deployment(value: unknown): unknown {
  if (typeof value === 'string') return shown(value);
  if (Array.isArray(value)) return value.map(deployment);
  if (typeof value !== 'object' || value === null) return value;
  const fields = value as Readonly<Record<string, unknown>>;
  const variable = typeof fields['name'] === 'string' && isSensitive(fields['name']);
  return Object.fromEntries(
    Object.entries(fields).map(([name, v]) => {
      const secret = isSensitive(name) || (variable && name === 'value');
      return [name, secret && (typeof v === 'string' || typeof v === 'number') ? masked : deployment(v)];
    }),
  );
}

/** The rows that have a value, as a table for a terminal. */
export function effectiveText(rows: readonly Row[]): string {
  const cells = rows
    .filter((row) => row.value !== null)
    .map(
      ({ path, value, origin }) => [path, typeof value === 'string' ? value : JSON.stringify(value), origin] as const,
    );
  const width = (column: 0 | 1): number => Math.min(60, Math.max(...cells.map((row) => row[column].length)));
  const [first, second] = [width(0), width(1)];
  return cells.map(([path, value, origin]) => `${path.padEnd(first)}  ${value.padEnd(second)}  ${origin}`).join('\n');
}
