import { keysOf, sectionsOf, type Section } from './keys.ts';
import { nearest } from './nearest.ts';
import { isNull, type Node, type Table } from './node.ts';
import type { ConfigProblem } from './problem.ts';

export interface Shaped {
  /** The file's content without what is not of this configuration. */
  readonly table: Table;
  readonly problems: readonly ConfigProblem[];
  readonly warnings: readonly string[];
}

/** Sections of the same files that are read by other processes. */
const elsewhere = new Set(['mirror']);

/** Drops unknown keys of a file with a warning, and refuses a value where a section belongs. */
export function shape(table: Table, schema: Section): Shaped {
  const known = new Set(keysOf(schema).map((key) => key.path));
  const sections = new Set(sectionsOf(schema));
  const problems: ConfigProblem[] = [];
  const warnings: string[] = [];

  const visit = (here: Table, path: string): Table => {
    const kept: [string, Node][] = [];
    for (const [name, node] of here.entries) {
      const at = path === '' ? name : `${path}.${name}`;
      // `opencti.url: x` on one line reads like the key but is another name; nothing would ever look there.
      if (name.includes('.')) warnings.push(flat(at, node));
      else if (known.has(at)) kept.push([name, node]);
      else if (sections.has(at)) {
        if (node.kind === 'table') kept.push([name, visit(node, at)]);
        else if (!isNull(node)) problems.push(noSection(at, node));
      } else if (!elsewhere.has(at)) warnings.push(unknown(at, node));
    }
    return { ...here, entries: new Map(kept) };
  };

  const unknown = (path: string, { origin }: Node): string => {
    const meant = nearest(path, [...known, ...sections]);
    return `${origin}: ${path} is not known and has no effect${meant === undefined ? '' : `; the nearest known key is ${meant}`}`;
  };

  const flat = (path: string, node: Node): string =>
    known.has(path) || sections.has(path)
      ? `${node.origin}: ${path} is written on one line and has no effect; put each level below the one before it`
      : unknown(path, node);

  return { table: visit(table, ''), problems, warnings };
}

const noSection = (path: string, node: Node): ConfigProblem => ({
  path,
  reason: 'is not a section',
  fix: 'put its keys below it, one level deeper',
  origin: node.origin,
});
