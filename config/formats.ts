import { parse as parseToml, TomlDate, TomlError } from 'smol-toml';
import { isAlias, isMap, isScalar, isSeq, parseDocument, type Document } from 'yaml';
import { scalar, type Node } from './node.ts';

/**
 * YAML, TOML and JSON to nodes that keep the text of every scalar. Errors say the place and never quote the file: the
 * messages of the parsers hold pieces of it, and so of its secrets.
 */
export class FormatError extends Error {}

type Parse = (source: string, origin: string) => Node;

export const formats: Readonly<Record<string, Parse>> = { yaml, yml: yaml, toml, json };

const place = (source: string, offset: number): string => {
  const before = source.slice(0, offset).split('\n');
  return `line ${before.length}, column ${(before.at(-1)?.length ?? 0) + 1}`;
};

function yaml(source: string, origin: string): Node {
  const document = parseDocument(source, { prettyErrors: false });
  const [fault] = document.errors;
  if (fault !== undefined)
    throw new FormatError(`is not valid YAML at ${place(source, fault.pos[0])} (${words(fault.code)})`);
  try {
    document.toJS({ maxAliasCount: 100 }); // refuses aliases that would multiply without end
    return document.contents === null ? scalar('', origin, null) : fromYaml(document.contents, document, origin, 0);
  } catch (error) {
    if (error instanceof FormatError) throw error;
    throw new FormatError('is not valid YAML (an alias without anchor, or too many aliases)');
  }
}

const words = (code: string): string => code.toLowerCase().replaceAll('_', ' ');
const deepest = 100;
const tooDeep = (): FormatError => new FormatError(`is nested deeper than ${deepest} levels`);

function fromYaml(node: unknown, document: Document, origin: string, depth: number): Node {
  if (depth > deepest) throw tooDeep();
  const inner = (child: unknown): Node => fromYaml(child, document, origin, depth + 1);
  if (isAlias(node)) return inner(node.resolve(document));
  if (isSeq(node)) return { kind: 'list', items: node.items.map(inner), origin };
  if (isMap(node)) {
    const entries = node.items.map(
      ({ key, value }) => [isScalar(key) ? textOf(key) : String(key), inner(value)] as const,
    );
    return { kind: 'table', entries: new Map(entries), origin };
  }
  if (isScalar(node)) return scalar(textOf(node), origin, node.value);
  return scalar('', origin, null);
}

const textOf = (node: { readonly source?: string; readonly value: unknown }): string =>
  node.source ?? String(node.value);

/** A number outside of a text; the other branch swallows texts whole. */
const jsonNumbers = /"(?:[^"\\]|\\.)*"|-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?/g;

/** Read twice: once for the values, once with all numbers as the texts that were written. */
export function json(source: string, origin: string): Node {
  let value: unknown;
  try {
    value = JSON.parse(source);
  } catch (error) {
    const [, offset] = /at position (\d+)/.exec(error instanceof Error ? error.message : '') ?? [];
    throw new FormatError(`is not valid JSON${offset === undefined ? '' : ` at ${place(source, Number(offset))}`}`);
  }
  return fromJson(value, JSON.parse(source.replace(jsonNumbers, (t) => (t.startsWith('"') ? t : `"${t}"`))), origin);
}

function fromJson(value: unknown, texts: unknown, origin: string, depth = 0): Node {
  if (depth > deepest) throw tooDeep();
  if (Array.isArray(value))
    return {
      kind: 'list',
      items: value.map((v, i) => fromJson(v, (texts as unknown[])[i], origin, depth + 1)),
      origin,
    };
  if (typeof value === 'object' && value !== null) {
    const written = texts as Record<string, unknown>;
    const entries = Object.entries(value).map(
      ([name, v]) => [name, fromJson(v, written[name], origin, depth + 1)] as const,
    );
    return { kind: 'table', entries: new Map(entries), origin };
  }
  return scalar(value === null ? '' : String(texts), origin, value);
}

function toml(source: string, origin: string): Node {
  try {
    return fromToml(parseToml(source, { integersAsBigInt: true }), origin);
  } catch (error) {
    if (error instanceof TomlError)
      throw new FormatError(`is not valid TOML at line ${error.line}, column ${error.column}`);
    throw error;
  }
}

function fromToml(value: unknown, origin: string): Node {
  if (Array.isArray(value)) return { kind: 'list', items: value.map((v) => fromToml(v, origin)), origin };
  if (value instanceof TomlDate) return { ...scalar(value.toISOString(), origin), rounded: true };
  if (typeof value === 'object' && value !== null) {
    const entries = Object.entries(value).map(([name, v]) => [name, fromToml(v, origin)] as const);
    return { kind: 'table', entries: new Map(entries), origin };
  }
  if (typeof value === 'bigint') return scalar(String(value), origin, Number(value));
  return { ...scalar(String(value), origin, value), ...(typeof value === 'number' ? { rounded: true } : {}) };
}
