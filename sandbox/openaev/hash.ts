import { createHash } from 'node:crypto';

/** The platform's hash of an instance: 64 hex digits over image and configuration, keys sorted, values in JSON form. */
export function instanceHash(
  image: string,
  configuration: readonly { readonly key: string; readonly value: string }[],
): string {
  const pairs = configuration
    .toSorted((a, b) => (a.key < b.key ? -1 : 1))
    .map(({ key, value }) => `${key}=${JSON.stringify(value)}`)
    .join(';');
  return createHash('sha256').update(`IMAGE[${image}]|CONFIG[${pairs}]`).digest('hex');
}
