import { createHash } from 'node:crypto';

/**
 * The platform's contract hash: the first 8 hex digits of SHA-256 over compact JSON with exactly these keys in this
 * order. `state` is left out of the text while no state timestamp is stored.
 */
export function contractHash(
  image: string,
  configuration: readonly { readonly key: string; readonly value: string | null }[],
  state: string | undefined,
): string {
  const subHash = configuration.map(({ key, value }) => `${key}|${value ?? ''}`);
  return createHash('sha256').update(JSON.stringify({ image, subHash, state })).digest('hex').slice(0, 8);
}
