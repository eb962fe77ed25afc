import type { Platform } from './connector.ts';

/** What a connector runs compared with what its reference stands for now. */
export interface Drift {
  readonly platform: Platform;
  readonly id: string;
  readonly name: string;
  /** Reference it was created with; `null`: there is no container. */
  readonly image: string | null;
  /** Reference it would be created with now. */
  readonly wanted: string;
  /** Manifest digest (`sha256:...`) it runs; `null`: not known, for example because the image came from no registry. */
  readonly running: string | null;
  /** Manifest digest the registry gives for `wanted` now; `null`: not known. */
  readonly available: string | null;
  /** What differs: the tag was moved, or this side's settings (registry, prefix) lead to another reference. */
  readonly drift: 'digest' | 'reference' | null;
  /** Why something is not known, in words. */
  readonly problem: string | null;
}

/** Same reference, whether or not the tag `latest` is spelled out. */
export const sameReference = (a: string, b: string): boolean => complete(a) === complete(b);

const complete = (reference: string): string =>
  reference.includes('@') || reference.lastIndexOf(':') > reference.lastIndexOf('/')
    ? reference
    : `${reference}:latest`;

/** A reference with a digest cannot drift: it names its content. */
export const isPinned = (reference: string): boolean => reference.includes('@');

export function driftOf(d: Omit<Drift, 'drift'>): Drift['drift'] {
  if (d.image !== null && d.wanted !== '' && !sameReference(d.image, d.wanted)) return 'reference';
  return d.running !== null && d.available !== null && d.running !== d.available ? 'digest' : null;
}
