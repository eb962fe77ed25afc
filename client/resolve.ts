import type { ConnectorSummary } from '../model/summary.ts';
import { type Failure, refused } from './failure.ts';

export type Resolution =
  | { readonly kind: 'found'; readonly connector: ConnectorSummary }
  | { readonly kind: 'ambiguous'; readonly candidates: readonly ConnectorSummary[] }
  | { readonly kind: 'unknown'; readonly nearest: readonly ConnectorSummary[] };

const nearestShown = 3;

/**
 * The connector a person means: by id, workflow id or exact name; then by name whatever the case; then by the beginning
 * of the id if that fits only one. The first of these that fits anything decides.
 */
export function resolve(all: readonly ConnectorSummary[], wanted: string): Resolution {
  const lower = wanted.toLowerCase();
  const rules: readonly ((c: ConnectorSummary) => boolean)[] = [
    (c) => c.id === wanted || c.workflowId === wanted,
    (c) => c.name === wanted,
    (c) => c.name.toLowerCase() === lower || c.id.toLowerCase() === lower,
    (c) => lower !== '' && c.id.toLowerCase().startsWith(lower),
  ];
  for (const rule of rules) {
    const [first, ...others] = all.filter((c) => rule(c));
    if (first === undefined) continue;
    return others.length === 0
      ? { kind: 'found', connector: first }
      : { kind: 'ambiguous', candidates: [first, ...others] };
  }
  const far = Math.max(3, Math.ceil(wanted.length / 2));
  const nearest = all
    .map((c) => ({
      c,
      far: c.name.toLowerCase().includes(lower) && lower !== '' ? 0 : distance(lower, c.name.toLowerCase()),
    }))
    .filter((x) => x.far <= far)
    .toSorted((a, b) => a.far - b.far)
    .slice(0, nearestShown)
    .map((x) => x.c);
  return { kind: 'unknown', nearest };
}

/** Says which names would have been understood. */
export function misnamed(wanted: string, found: Exclude<Resolution, { kind: 'found' }>, all: number): Failure {
  if (found.kind === 'ambiguous')
    return refused(
      'AmbiguousName',
      `"${wanted}" fits ${found.candidates.length} connectors; give the id of one:\n${found.candidates.map((c) => `  ${c.id}  ${c.name} (${c.platform})`).join('\n')}`,
    );
  if (all === 0)
    return refused(
      'UnknownConnector',
      `there is no connector "${wanted}", nor any other yet; "cadenza list" shows them`,
    );
  const hint =
    found.nearest.length === 0
      ? '"cadenza list" shows them all'
      : `did you mean ${found.nearest.map((c) => `"${c.name}"`).join(' or ')}?`;
  return refused('UnknownConnector', `there is no connector "${wanted}"; ${hint}`);
}

/** Edits (insert, delete, replace) from one text to the other. */
export function distance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, i) => i);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++)
      next.push(
        Math.min((next[j - 1] ?? 0) + 1, (row[j] ?? 0) + 1, (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1)),
      );
    row = next;
  }
  return row[b.length] ?? 0;
}
