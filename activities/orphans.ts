import { type SweepInput, type SweepState, sweep } from '../model/orphans.ts';
import * as messages from '../workflows/messages.ts';
import { heartbeating } from './context.ts';
import type { Deps, Site } from './deps.ts';
import type { cachedEntities } from './entities.ts';
import { freshListing } from './listing.ts';
import { siteOf } from './look.ts';
import { signalRetire } from './signal.ts';
import type { RuntimeActivities } from './types.ts';

/**
 * Compares everything this manager has with one complete, fresh listing. What may go is handed to its own workflow to
 * remove; this activity removes nothing itself.
 */
export function orphanSweep(
  deps: Deps,
  memosOf: (site: Site) => ReturnType<typeof cachedEntities>,
): RuntimeActivities['sweepOrphans'] {
  return ({ platform }) =>
    heartbeating(async (signal) => {
      const site = siteOf(deps.sites, platform);
      await freshListing(site, deps, signal);
      const objects = await site.runtime.list(site.policy.managerIds, signal);
      const memos = await memosOf(site)(0);
      const handle = deps.temporal.workflow.getHandle(messages.platformWorkflowId(platform));
      const known = await handle.query(messages.platformState).catch(() => undefined);
      const now = deps.now();
      const confirmed = known?.confirmed;
      const input: SweepInput = {
        platform,
        listed: new Set([...site.records.all().map((d) => d.id), ...site.records.skipped().flatMap((s) => s.id ?? [])]),
        complete: site.records.complete(),
        size: site.records.all().length + site.records.skipped().length,
        objects,
        workflows: [...memos].map(([id, { summary }]) => ({ id, name: summary.name })),
        previous: known?.sweep?.state ?? { candidates: [] },
        confirmed: new Set(
          confirmed !== undefined && confirmed !== null && Date.parse(confirmed.until) > now ? confirmed.ids : [],
        ),
        listedElsewhere: new Set(
          [...deps.sites.values()]
            .filter((other) => other !== site)
            .flatMap((other) => other.records.all().map((d) => d.id)),
        ),
        policy: site.orphanPolicy,
        now,
      };
      const result = sweep(input);
      deps.metrics.guard(platform, result.guard !== null);
      if (result.guard !== null) deps.log.error('orphans are held back', { platform, reason: result.guard.message });
      for (const o of result.nameless)
        deps.log.warn('an object with our manager label has no connector id; it is left alone', {
          platform,
          name: o.name,
        });
      for (const c of result.remove) await signalRetire(deps, site, c.id, c.name, 'the platform no longer lists it');
      const going = new Set(result.remove.map((c) => c.id));
      const state: SweepState = {
        candidates: result.candidates,
        ...(result.empty === undefined ? {} : { empty: result.empty }),
      };
      const report: messages.SweepReport = {
        at: new Date(now).toISOString(),
        candidates: result.candidates.filter((c) => !going.has(c.id)),
        guard: result.guard,
        unassigned: result.unassigned,
        removed: [...going],
        state,
      };
      const content = (r: messages.SweepReport | null | undefined): string =>
        JSON.stringify([r?.state ?? { candidates: [] }, r?.guard?.kind, r?.unassigned.map((u) => u.ref) ?? []]);
      if (content(known?.sweep) !== content(report)) await handle.signal(messages.swept, report).catch(() => undefined);
      return { report };
    });
}
