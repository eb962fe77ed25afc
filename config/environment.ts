import { FormatError, json } from './formats.ts';
import type { Key } from './keys.ts';
import { emptyTable, merge, put, scalar, type Node, type Table } from './node.ts';

type Variables = Readonly<Record<string, string | undefined>>;

/**
 * What the environment sets: one variable per key; for a list also one per element (`..._0`, numbers first and in their
 * order), for a table also one per entry, with its name in lower case. Other variables are none of our business.
 */
export function fromEnvironment(keys: readonly Key[], env: Variables): Table {
  const names = Object.keys(env).filter((name) => env[name] !== undefined);
  let made = emptyTable;
  for (const key of keys) {
    const node = valueOf(key, env, names);
    if (node !== undefined) made = put(made, key.path.split('.'), node);
  }
  return made;
}

function valueOf({ env: name, info }: Key, env: Variables, names: readonly string[]): Node | undefined {
  const origin = `environment ${name}`;
  const text = env[name];
  const whole = text === undefined ? undefined : info.form === 'map' ? tableOf(text, origin) : scalar(text, origin);
  if (info.form === 'text' || info.form === 'tree') return whole;
  const below = names
    .filter((n) => n.startsWith(`${name}__`) && n.length > name.length + 2)
    .map((n) => [n.slice(name.length + 2), env[n] ?? '', n] as const);
  if (below.length === 0) return whole;
  if (info.form === 'map') {
    const entries = below.reduce(
      (table, [rest, value, n]) => put(table, rest.toLowerCase().split('__'), scalar(value, `environment ${n}`)),
      emptyTable,
    );
    return whole === undefined ? entries : merge(whole, entries);
  }
  if (whole !== undefined && text !== '') return whole;
  const items = below.toSorted(([a], [b]) => byIndex(a, b)).map(([, value, n]) => scalar(value, `environment ${n}`));
  return { kind: 'list', items, origin: `environment ${name}__*` };
}

function byIndex(a: string, b: string): number {
  const [x, y] = [a, b].map((t) => (/^\d+$/.test(t) ? Number(t) : Infinity)) as [number, number];
  if (x !== y) return x - y;
  return a < b ? -1 : 1;
}

/** A JSON object merges with the table of a file; anything else is kept as text and refused later. */
function tableOf(text: string, origin: string): Node {
  try {
    const node = json(text, origin);
    return node.kind === 'table' ? node : scalar(text, origin);
  } catch (error) {
    if (error instanceof FormatError) return scalar(text, origin);
    throw error;
  }
}
