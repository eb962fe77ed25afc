import { FormatError, json } from './formats.ts';
import type { KeyInfo } from './leaf.ts';
import { isNull, type Node, type Scalar } from './node.ts';

/** What a key's schema is given: `{ raw }` (undefined: not set), or the reason why the node cannot be such a value. */
export type Raw = { readonly raw: unknown } | { readonly reason: string };

const unset: Raw = { raw: undefined };

/** Takes a node apart by the form of its key. */
export function rawOf(node: Node, info: KeyInfo): Raw {
  if (isNull(node)) return unset;
  if (node.kind === 'scalar' && node.text === '' && !info.filled) return unset;
  switch (info.form) {
    case 'text':
      return textRaw(node);
    case 'list':
    case 'pems':
      return listRaw(node, info.form);
    case 'map':
    case 'maps':
      return tableRaw(node, info.form);
    case 'tree':
      return treeRaw(node);
  }
}

const kinds = { scalar: 'a text', list: 'a list', table: 'a table' } as const;

function textRaw(node: Node): Raw {
  if (node.kind !== 'scalar') return { reason: `is ${kinds[node.kind]}` };
  return { raw: node.text };
}

/** Holds a number that the file format rounded: good as a number, but as a text not what was written. */
export function isRounded(node: Node): boolean {
  if (node.kind === 'scalar') return node.rounded === true;
  return (node.kind === 'list' ? node.items : [...node.entries.values()]).some(isRounded);
}

function listRaw(node: Node, form: 'list' | 'pems'): Raw {
  if (node.kind === 'table') return { reason: 'is a table' };
  if (node.kind === 'list') {
    const items = node.items.filter((item) => !isNull(item));
    const bad = items.findIndex((item) => item.kind !== 'scalar');
    if (bad !== -1) return { reason: `has an element ${bad + 1} that is no text` };
    return { raw: (items as readonly Scalar[]).map((item) => item.text) };
  }
  if (node.text.trimStart().startsWith('[')) {
    const parsed = inJson(node);
    return parsed?.kind === 'list' ? listRaw(parsed, form) : { reason: 'begins like a JSON array but is none' };
  }
  if (form === 'pems') return { raw: [node.text] };
  const parts = node.text.split(',').map((part) => part.trim());
  return { raw: parts.filter((part) => part !== '') };
}

function tableRaw(node: Node, form: 'map' | 'maps'): Raw {
  const wanted = form === 'map' ? 'table' : 'list';
  const whole = node.kind === 'scalar' ? inJson(node) : node;
  if (whole?.kind !== wanted) return { reason: whole === undefined ? 'is not valid JSON' : `is ${kinds[whole.kind]}` };
  return { raw: texts(whole) };
}

/** Nested texts; entries without a value are left out. */
function texts(node: Node): unknown {
  if (node.kind === 'scalar') return node.text;
  if (node.kind === 'list') return node.items.map(texts);
  return Object.fromEntries(
    [...node.entries].filter(([, child]) => !isNull(child)).map(([name, child]) => [name, texts(child)]),
  );
}

function treeRaw(node: Node): Raw {
  if (node.kind === 'table') return { raw: values(node) };
  const parsed = node.kind === 'scalar' ? inJson(node) : undefined;
  return parsed?.kind === 'table' ? { raw: values(parsed) } : { reason: 'is not an object' };
}

function values(node: Node): unknown {
  if (node.kind === 'scalar') return node.value;
  if (node.kind === 'list') return node.items.map(values);
  return Object.fromEntries([...node.entries].map(([name, child]) => [name, values(child)]));
}

function inJson(node: Scalar): Node | undefined {
  try {
    return json(node.text, node.origin);
  } catch (error) {
    if (error instanceof FormatError) return undefined;
    throw error;
  }
}
