/** What the platform makes of a name on add; editing does not sanitise. */
export const sanitiseName = (name: string): string =>
  name
    .replace(/[^a-zA-Z0-9]+/g, '-')
    .toLowerCase()
    .replace(/^-|-$/g, '')
    .slice(0, 63);

/** True when `version` is at least `minimum`, compared number by number (7.260817.0 is newer than 6.7.0). */
export function isAtLeast(version: string, minimum: string): boolean {
  const have = version.split('.').map(Number);
  const want = minimum.split('.').map(Number);
  for (let i = 0; i < want.length; i++) {
    const difference = (have[i] ?? 0) - (want[i] ?? 0);
    if (difference !== 0) return difference > 0;
  }
  return true;
}
