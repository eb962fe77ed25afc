/** Names of runtime objects: the legacy name XTM Composer would give, and the safe name where that one cannot be used. */

const legacyChar = /[\p{Alphabetic}\p{Nd}\p{Nl}\p{No}]/u;
/** Valid at once as a Docker, Swarm service, Kubernetes Deployment and Kubernetes container name. */
const usableName = /^[a-z0-9][a-z0-9-]{0,61}[a-z0-9]$/;
/** Longest name valid everywhere: a DNS label. */
export const longestName = 63;
/** 63 characters, minus `-` and the 8 hex digits of the suffix. */
const safeStem = longestName - 9;

/** Every code point that is not alphanumeric becomes `-`, then lower case: no trimming, no collapsing, no limit. */
export const legacyName = (name: string): string =>
  Array.from(name, (c) => (legacyChar.test(c) ? c : '-'))
    .join('')
    .toLowerCase();

export const isUsableName = (name: string): boolean => usableName.test(name);

/** `suffix`: the first 8 hex digits of SHA-256 over `<platform>/<connector id>`; the caller computes it. */
export function safeName(name: string, suffix: string): string {
  const stem = legacyName(name)
    .replace(/[^a-z0-9-]/g, '-')
    .replace(/-+/g, '-')
    .replace(/^-|-$/g, '')
    .slice(0, safeStem)
    .replace(/-$/, '');
  return `${stem === '' ? 'connector' : stem}-${suffix}`;
}

export interface Names {
  readonly legacy: string;
  readonly safe: string;
  /** False when the legacy name is invalid, or another connector of the listing has the better claim to it. */
  readonly legacyUsable: boolean;
}

/**
 * Names for a whole listing. Where two records share a legacy name, the smaller id (string order) has it and the others
 * take their safe name, whatever order the listing has.
 */
export function assignNames(
  records: readonly { readonly id: string; readonly name: string }[],
  suffix: (id: string) => string,
): ReadonlyMap<string, Names> {
  const owner = new Map<string, string>();
  for (const { id, name } of records) {
    const legacy = legacyName(name);
    const first = owner.get(legacy);
    if (first === undefined || id < first) owner.set(legacy, id);
  }
  return new Map(
    records.map(({ id, name }) => {
      const legacy = legacyName(name);
      const names: Names = {
        legacy,
        safe: safeName(name, suffix(id)),
        legacyUsable: isUsableName(legacy) && owner.get(legacy) === id,
      };
      return [id, names];
    }),
  );
}
