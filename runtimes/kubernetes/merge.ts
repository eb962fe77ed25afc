import { permanent } from '../../model/errors.ts';

/** A JSON object of which nothing is known beforehand. */
export interface Tree {
  readonly [key: string]: unknown;
}

export const isTree = (value: unknown): value is Tree =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** The name by which a base Deployment speaks of the connector's own container. */
const reserved = 'connector';

/** Lists whose entries are told apart by one of their members; all other lists are replaced. */
const keyOf: Readonly<Record<string, string>> = {
  containers: 'name',
  initContainers: 'name',
  env: 'name',
  volumes: 'name',
  imagePullSecrets: 'name',
  volumeMounts: 'mountPath',
  topologySpreadConstraints: 'topologyKey',
};
/** Entries that mean one thing only: two sources of one variable or volume would be refused. */
const replacedEntries = new Set(['env', 'volumes', 'volumeMounts']);
const replacedTrees = new Set(['nodeSelector']);

/**
 * Lays a generated Deployment over the operator's base: what is generated wins, what only the base has stays. A base
 * container called `connector` gives defaults for the generated one; every other base container stays a sidecar behind it.
 */
export function overBase(base: Tree | undefined, generated: Tree, container: string): Tree {
  if (base === undefined) return generated;
  const merged = mergeTrees(renamed(cleaned(base), container), generated);
  const spec = merged['spec'] as Tree;
  const template = spec['template'] as Tree;
  const podSpec = template['spec'] as Tree;
  const containers = podSpec['containers'] as readonly Tree[];
  const own = containers.filter((c) => c['name'] === container);
  const others = containers.filter((c) => c['name'] !== container);
  return {
    ...merged,
    spec: { ...spec, template: { ...template, spec: { ...podSpec, containers: [...own, ...others] } } },
  };
}

function mergeTrees(base: Tree, over: Tree): Tree {
  const out: Record<string, unknown> = { ...base };
  for (const [key, value] of Object.entries(over))
    if (value !== undefined && value !== null) out[key] = mergeValues(key, base[key], value);
  return out;
}

function mergeValues(key: string, base: unknown, over: unknown): unknown {
  if (isTree(base) && isTree(over)) return replacedTrees.has(key) ? over : mergeTrees(base, over);
  const member = keyOf[key];
  if (member === undefined || !Array.isArray(base) || !Array.isArray(over)) return over;
  return mergeLists(key, member, base as readonly Tree[], over as readonly Tree[]);
}

function mergeLists(key: string, member: string, base: readonly Tree[], over: readonly Tree[]): readonly Tree[] {
  const generated = new Map(over.map((entry) => [entry[member], entry]));
  const kept = base.map((entry) => {
    const mine = generated.get(entry[member]);
    if (mine === undefined) return entry;
    generated.delete(entry[member]);
    return replacedEntries.has(key) ? mine : mergeTrees(entry, mine);
  });
  return [...kept, ...generated.values()];
}

/** Server-side members, as they stand in a Deployment copied out of a cluster, are no wishes. */
function cleaned(base: Tree): Tree {
  const { status: _status, ...rest } = base;
  if (!isTree(rest['metadata'])) return rest;
  const { labels, annotations } = rest['metadata'];
  return { ...rest, metadata: { ...(labels ? { labels } : {}), ...(annotations ? { annotations } : {}) } };
}

function renamed(base: Tree, container: string): Tree {
  const rename = (entry: Tree): Tree => (entry['name'] === reserved ? { ...entry, name: container } : entry);
  return at(base, ['spec', 'template', 'spec', 'containers'], (list) => (list as readonly Tree[]).map(rename));
}

const at = (tree: Tree, [key, ...rest]: readonly string[], change: (value: unknown) => unknown): Tree => {
  const value = key === undefined ? undefined : tree[key];
  if (key === undefined || value === undefined) return tree;
  return { ...tree, [key]: rest.length === 0 ? change(value) : at(value as Tree, rest, change) };
};

/** Says which member cannot be part of a Deployment. Throws `InvalidConfiguration`; what only the server knows, it says. */
export function checkedBase(base: Tree | undefined, key: string): Tree | undefined {
  if (base === undefined || Object.keys(base).length === 0) return undefined;
  const refuse = (path: string, what: string): never => {
    throw permanent('InvalidConfiguration', `${key}: ${path} ${what}`);
  };
  for (const [member, wanted] of [
    ['apiVersion', 'apps/v1'],
    ['kind', 'Deployment'],
  ] as const)
    if (base[member] !== undefined && base[member] !== null && base[member] !== wanted)
      refuse(member, `must be ${wanted} or left out`);
  const path: string[] = [];
  let tree: unknown = base;
  for (const member of ['spec', 'template', 'spec']) {
    path.push(member);
    tree = (tree as Tree)[member];
    if (tree === undefined || tree === null) return pruned(base);
    if (!isTree(tree)) refuse(path.join('.'), 'is not an object');
  }
  for (const [list, member] of Object.entries(keyOf)) checkList(tree as Tree, list, member, path.join('.'), refuse);
  for (const list of ['containers', 'initContainers'])
    for (const [i, entry] of (((tree as Tree)[list] ?? []) as readonly Tree[]).entries())
      for (const nested of ['env', 'volumeMounts'])
        checkList(entry, nested, keyOf[nested] ?? 'name', `${path.join('.')}.${list}[${i}]`, refuse);
  return pruned(base);
}

function checkList(
  tree: Tree,
  list: string,
  member: string,
  path: string,
  refuse: (path: string, what: string) => never,
): void {
  const entries = tree[list];
  if (entries === undefined || entries === null) return;
  if (!Array.isArray(entries)) return refuse(`${path}.${list}`, 'is not a list');
  for (const [i, entry] of entries.entries()) {
    if (!isTree(entry)) refuse(`${path}.${list}[${i}]`, 'is not an object');
    else if (typeof entry[member] !== 'string' || entry[member] === '')
      refuse(`${path}.${list}[${i}].${member}`, 'is missing or no text');
  }
}

/** A member set to null counts as absent. */
function pruned(base: Tree): Tree {
  const prune = (value: unknown): unknown => {
    if (Array.isArray(value)) return value.map(prune);
    if (!isTree(value)) return value;
    return Object.fromEntries(
      Object.entries(value)
        .filter(([, v]) => v !== null)
        .map(([k, v]) => [k, prune(v)]),
    );
  };
  return prune(base) as Tree;
}
