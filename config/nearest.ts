/** The candidate a mistyped path most likely means: the same name elsewhere, or the fewest letters changed. */
export function nearest(path: string, candidates: readonly string[]): string | undefined {
  const name = lastOf(path);
  const score = (candidate: string): number => 3 * distance(name, lastOf(candidate)) + distance(path, candidate);
  let best: string | undefined;
  let least = Infinity;
  for (const candidate of candidates) {
    const s = score(candidate);
    if (s < least) [best, least] = [candidate, s];
  }
  return best;
}

const lastOf = (path: string): string => path.slice(path.lastIndexOf('.') + 1);

/** Letters to insert, delete or replace to make one out of the other. */
export function distance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, i) => i);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++)
      next[j] = Math.min(row[j]! + 1, next[j - 1]! + 1, row[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1));
    row = next;
  }
  return row[b.length]!;
}
