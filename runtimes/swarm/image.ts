import { Problem } from '../../model/errors.ts';
import { parseReference } from '../../model/image.ts';
import { availableDigest } from '../docker/digests.ts';
import type { PullPolicy, RegistryAuth } from '../runtime.ts';
import type { Api } from './api.ts';
import { unavailable } from './errors.ts';

/**
 * What references stand for. The nodes pull by themselves; what a pull does here is to ask the registry for the digest,
 * so that every node runs the same image and a bad reference is found before anything is stopped.
 */
export interface Images {
  /** Remembers the registry's answer, or its refusal, for the deploy or refresh that follows. */
  resolve(image: string, policy: PullPolicy, auth: RegistryAuth | undefined, signal: AbortSignal): Promise<void>;
  /** The reference with its digest, where the policy asked for one. Throws the registry's refusal as `ImagePull`. */
  pinned(image: string): string;
  /** The same for a first deploy: what the manager cannot resolve, a node may still have or reach. */
  pinnedIfKnown(image: string): string;
}

export function images(api: Api): Images {
  const answers = new Map<string, string | Problem>();
  const pinned = (image: string): string => {
    const answer = answers.get(image);
    if (answer instanceof Problem) throw answer;
    return answer === undefined ? image : `${image}@${answer}`;
  };
  return {
    async resolve(image, policy, auth, signal) {
      answers.delete(image);
      if (policy !== 'always' || parseReference(image).digest !== undefined) return;
      try {
        answers.set(image, await availableDigest(api.engine, image, auth, signal));
      } catch (error) {
        if (!(error instanceof Problem) || error.type !== 'ImagePull') throw unavailable(error, signal);
        answers.set(image, error);
      }
    },
    pinned,
    pinnedIfKnown: (image) => (answers.get(image) instanceof Problem ? image : pinned(image)),
  };
}
