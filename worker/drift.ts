import pLimit from 'p-limit';
import type { Site } from '../activities/deps.ts';
import { type Drift, driftOf, isPinned } from '../model/drift.ts';
import { Problem } from '../model/errors.ts';
import { isCandidate } from '../model/observation.ts';

/** Questions to engine and registry at a time. */
const concurrency = 8;

/**
 * What every connector of a platform runs, and what its tag stands for at the registry now. Each reference is asked
 * once; what a registry does not tell is said in `problem` and is no drift. Changes nothing.
 */
export async function drift(site: Site, signal: AbortSignal): Promise<readonly Drift[]> {
  const limit = pLimit(concurrency);
  const { platform, runtime } = site;
  const asked = new Map<string, Promise<Answer>>();
  const available = (image: string): Promise<Answer> => {
    const known = asked.get(image);
    if (known !== undefined) return known;
    const answer = limit(() => told(runtime.availableDigest(image, site.registryAuth(image), signal)));
    asked.set(image, answer);
    return answer;
  };
  const objects = await runtime.list(site.policy.managerIds, signal);
  return Promise.all(
    site.records.all().map(async ({ id, name, image }): Promise<Drift> => {
      const wanted = image === '' ? '' : site.resolveImage(image);
      const own = objects.filter((o) => isCandidate(o, id, platform, site.policy.managerIds));
      const object = own.find((o) => o.state === 'running') ?? own[0];
      const running: Answer =
        object === undefined
          ? { digest: null, problem: null }
          : await limit(() => told(runtime.runningDigest(object.ref, signal)));
      // An image that came from no registry is compared with nothing.
      const unknown = object !== undefined && running.digest === null;
      const now: Answer =
        running.digest === null || wanted === '' || isPinned(wanted)
          ? { digest: null, problem: unknown ? 'the image came from no registry' : null }
          : await available(wanted);
      const found = {
        platform,
        id,
        name,
        image: object?.image ?? null,
        wanted,
        running: running.digest,
        available: now.digest,
        problem: running.problem ?? now.problem,
      };
      return { ...found, drift: driftOf(found) };
    }),
  );
}

interface Answer {
  readonly digest: string | null;
  readonly problem: string | null;
}

const told = async (digest: Promise<string | undefined>): Promise<Answer> => {
  try {
    return { digest: (await digest) ?? null, problem: null };
  } catch (error) {
    if (!(error instanceof Problem)) throw error;
    return { digest: null, problem: error.message };
  }
};
