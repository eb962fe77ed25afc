import { Context } from '@temporalio/activity';
import { Problem } from '../model/errors.ts';
import type { Deps } from './deps.ts';
import { siteOf } from './look.ts';
import type { MainActivities, Report, ReportOutcome } from './types.ts';

/** Tells the platform what an entity found. */
export const report =
  (deps: Deps): MainActivities['report'] =>
  (what) =>
    tellPlatform(deps, what, Context.current().cancellationSignal);

/** A connector the platform no longer knows is not an error: the listing decides. */
export async function tellPlatform(
  deps: Deps,
  { platform, id, status, health, lines }: Report,
  signal: AbortSignal,
): Promise<ReportOutcome> {
  const site = siteOf(deps.sites, platform);
  const at = () => new Date(deps.now()).toISOString();
  if (lines !== undefined) site.board.lines(site, id, lines, deps.now());
  const refusal = site.registration.refusal();
  if (refusal !== undefined) throw refusal;
  try {
    if (status !== undefined) {
      await site.client.reportStatus(id, status, signal);
      deps.metrics.pushed(platform, 'status', 'done');
    }
    if (health !== undefined) {
      site.board.told(site, id, health, deps.now());
      // A lost health push is replaced by the next regular one; it must not repeat the status.
      await site.client.pushHealth(id, health, signal).then(
        () => deps.metrics.pushed(platform, 'health', 'done'),
        () => deps.metrics.pushed(platform, 'health', 'failed'),
      );
    }
    return { known: true, at: at() };
  } catch (error) {
    if (error instanceof Problem && error.type === 'Gone') return { known: false, at: at() };
    deps.metrics.pushed(platform, 'status', 'failed');
    throw error;
  }
}
