import { Problem } from '../model/errors.ts';
import type { Deps, Site } from './deps.ts';

const underway = new WeakMap<Site, Promise<void>>();

/**
 * Lists the platform and keeps the records. A call made while a listing runs waits for the next one, never for one that
 * began before the call; several such calls share it.
 */
export async function freshListing(site: Site, deps: Pick<Deps, 'now'>, signal: AbortSignal): Promise<void> {
  const earlier = underway.get(site);
  if (earlier !== undefined) {
    await earlier.catch(() => undefined);
    const next = underway.get(site);
    if (next !== undefined) return next;
  }
  const run = (async () => {
    await site.registration.ensure(signal);
    let listedAt = deps.now();
    const listing = await site.client.list(signal).catch(async (error: unknown) => {
      if (!(error instanceof Problem) || error.type !== 'Gone') throw error;
      await site.registration.again(listedAt, signal);
      listedAt = deps.now();
      return site.client.list(signal);
    });
    site.records.put(listing, listedAt, site.specHash);
  })().finally(() => {
    underway.delete(site);
  });
  underway.set(site, run);
  return run;
}
