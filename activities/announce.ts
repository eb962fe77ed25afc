import { type Announced, type Announcement, toAnnounce } from '../model/announce.ts';
import { identify } from '../model/identity.ts';
import type { Observation } from '../model/observation.ts';
import type { Deps, Site } from './deps.ts';
import { tellPlatform } from './report.ts';

/** A platform that is slower than this (ms) is told by the workflow's reporter, beside the steps. */
const patience = 2_000;

/** Tells the platform what a step has just brought about. Nothing: not told, the workflow sees to it. */
export async function announce(
  deps: Deps,
  site: Site,
  id: string,
  announcement: Announcement,
  { desired, seen }: Observation,
  signal: AbortSignal,
): Promise<Announced | undefined> {
  if (typeof desired !== 'object' || seen.kind !== 'seen') return undefined;
  const found = identify(desired, seen.objects, site.policy.managerIds);
  const at = new Date(deps.now()).toISOString();
  const news = toAnnounce(announcement, found.kind === 'ours' ? found.object : undefined, at);
  if (news === undefined) return undefined;
  try {
    const within = AbortSignal.any([signal, AbortSignal.timeout(patience)]);
    const { known } = await tellPlatform(deps, { platform: site.platform, id, ...news }, within);
    if (!known) return undefined;
  } catch (error) {
    signal.throwIfAborted();
    deps.log.debug('not told at once', { platform: site.platform, id, error });
    return undefined;
  }
  const { status, health } = news;
  return { at, ...(status === undefined ? {} : { status }), ...(health === undefined ? {} : { health }) };
}
