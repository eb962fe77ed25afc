/**
 * A configuration before its keys are known by type: texts as they were written, each with where it came from. Only when
 * the schema says what a key is, its text is read as a number, a truth or a list, so that no text is ever altered.
 */
export type Node = Scalar | List | Table;

export interface Scalar {
  readonly kind: 'scalar';
  /** As written, without quotes. */
  readonly text: string;
  /** What the file format made of it. */
  readonly value: unknown;
  /** The format kept only a rounded value (a float of TOML), so `text` may not be what was written. */
  readonly rounded?: boolean;
  /** `config/default.yaml`, `environment MANAGER__ID`. */
  readonly origin: string;
}

interface List {
  readonly kind: 'list';
  readonly items: readonly Node[];
  readonly origin: string;
}

export interface Table {
  readonly kind: 'table';
  readonly entries: ReadonlyMap<string, Node>;
  readonly origin: string;
}

export const scalar = (text: string, origin: string, value: unknown = text): Scalar => ({
  kind: 'scalar',
  text,
  value,
  origin,
});

export const emptyTable: Table = { kind: 'table', entries: new Map(), origin: 'default' };

export const isNull = (node: Node): boolean => node.kind === 'scalar' && node.value === null;

/** Tables deeply, all else replaced by the higher one. An empty section (`docker:` and nothing below) takes nothing away. */
export function merge(low: Node, high: Node): Node {
  if (low.kind === 'table' && isNull(high)) return low;
  if (low.kind !== 'table' || high.kind !== 'table') return high;
  const entries = new Map(low.entries);
  for (const [name, node] of high.entries) {
    const below = entries.get(name);
    entries.set(name, below === undefined ? node : merge(below, node));
  }
  return { kind: 'table', entries, origin: low.origin === high.origin ? low.origin : `${low.origin}, ${high.origin}` };
}

export const mergeTables = (low: Table, high: Table): Table => merge(low, high) as Table;

export function at(node: Node | undefined, path: string): Node | undefined {
  let here = node;
  for (const name of path.split('.')) here = here?.kind === 'table' ? here.entries.get(name) : undefined;
  return here;
}

/** The table with this node at the path; tables on the way are made. */
export function put(table: Table, path: readonly string[], node: Node): Table {
  const [name = '', ...rest] = path;
  const below = table.entries.get(name);
  const inner = below?.kind === 'table' ? below : { ...emptyTable, origin: node.origin };
  const placed = rest.length === 0 ? node : put(inner, rest, node);
  return { ...table, entries: new Map([...table.entries, [name, placed]]) };
}

/** True when anything below is set to more than an empty text. */
export function hasValue(node: Node | undefined): boolean {
  if (node === undefined) return false;
  if (node.kind === 'scalar') return node.value !== null && node.text !== '';
  return node.kind === 'list' || [...node.entries.values()].some(hasValue);
}

/** The same node with other origins. */
export function withOrigin(node: Node, origin: (before: string) => string): Node {
  if (node.kind === 'scalar') return { ...node, origin: origin(node.origin) };
  if (node.kind === 'list')
    return { ...node, items: node.items.map((item) => withOrigin(item, origin)), origin: origin(node.origin) };
  const entries = [...node.entries].map(([name, child]) => [name, withOrigin(child, origin)] as const);
  return { ...node, entries: new Map(entries), origin: origin(node.origin) };
}
