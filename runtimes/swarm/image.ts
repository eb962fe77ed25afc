import { Problem } from '../../model/errors.ts';
import { parseReference } from '../../model/image.ts';
import { availableDigest } from '../docker/digests.ts';
import type { PullPolicy } from '../runtime.ts';
import type { Api } from './api.ts';
import type { Auth } from './put.ts';

/**
 * The reference with the digest its registry gives for it now, so that every node runs the same image and a bad reference
 * is found before anything is stopped. Only for `always`; the other policies leave the reference as it is. Throws
 * `ImagePull`.
 */
export async function pinned(
  api: Api,
  image: string,
  policy: PullPolicy,
  auth: Auth,
  signal: AbortSignal,
): Promise<string> {
  if (policy !== 'always' || parseReference(image).digest !== undefined) return image;
  return `${image}@${await availableDigest(api.engine, image, auth(image), signal)}`;
}

/** The same for a first deploy: what the manager cannot resolve, a node may still have or reach. */
export async function pinnedIfKnown(...args: Parameters<typeof pinned>): Promise<string> {
  try {
    return await pinned(...args);
  } catch (error) {
    if (error instanceof Problem && error.type === 'ImagePull') return args[1];
    throw error;
  }
}
