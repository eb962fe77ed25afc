import pLimit from 'p-limit';
import type { Site } from '../activities/deps.ts';
import { look } from '../activities/look.ts';
import { nextStep } from '../activities/preview.ts';
import type { ActionResult } from '../model/command.ts';
import { Problem } from '../model/errors.ts';
import { connectorLabel, platformLabel } from '../model/labels.ts';

/** What a reconcile would do on one platform, without registering, without Temporal, without changing anything. */
export interface DryRun {
  readonly platform: string;
  readonly dryRun: true;
  readonly seen: number;
  readonly planned: readonly ActionResult[];
  readonly changed: readonly ActionResult[];
  readonly failed: readonly ActionResult[];
}

const concurrency = 16;

/** May run beside XTM Composer: it lists both sides and plans, nothing else. */
export async function dryRun(
  site: Site,
  only: string | undefined,
  now: () => number,
  signal: AbortSignal,
): Promise<DryRun> {
  const { platform } = site;
  const nothing = { platform, dryRun: true as const, seen: 0, planned: [], changed: [] };
  try {
    const listedAt = now();
    const [listing, objects] = await Promise.all([
      site.client.list(signal),
      site.runtime.list(site.policy.managerIds, signal),
    ]);
    site.records.put(listing, listedAt, site.specHash);
    site.contact.up(listedAt);
    const limit = pLimit(concurrency);
    const wanted = site.records.all().filter((d) => only === undefined || d.id === only || d.name === only);
    const planned = await Promise.all(
      wanted.map((d) => limit(async () => nextStep(d, await look(site, d.id, now, signal), now()))),
    );
    const orphans = objects
      .filter((o) => only === undefined && (o.labels[platformLabel] ?? platform) === platform)
      .filter((o) => listing.complete && site.records.desired(o.labels[connectorLabel] ?? '') === undefined)
      .map((o): ActionResult => ({
        id: o.labels[connectorLabel] ?? '',
        name: o.name,
        action: 'orphan',
        reason: 'the platform does not list it; removed after two sweeps, unless the guard holds it back',
      }));
    return {
      ...nothing,
      seen: listing.records.length,
      planned: [...planned.flat(), ...orphans],
      failed: listing.skipped.map((s) => ({
        id: s.id ?? '',
        name: s.name ?? 'unreadable record',
        action: 'read',
        reason: s.reason,
        error: s.reason,
      })),
    };
  } catch (error) {
    if (!(error instanceof Problem)) throw error;
    return {
      ...nothing,
      failed: [{ id: '', name: platform, action: 'list', reason: error.type, error: error.message }],
    };
  }
}
