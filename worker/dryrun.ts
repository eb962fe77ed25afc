import pLimit from 'p-limit';
import type { Site } from '../activities/deps.ts';
import { look } from '../activities/look.ts';
import { nextStep } from '../activities/preview.ts';
import type { ActionResult } from '../model/command.ts';
import type { ObjectState, RuntimeObject } from '../model/connector.ts';
import { Problem } from '../model/errors.ts';
import { identify } from '../model/identity.ts';
import { connectorLabel, managerLabel, platformLabel } from '../model/labels.ts';

/** What a reconcile would do on one platform, without registering, without Temporal, without changing anything. */
export interface DryRun {
  readonly platform: string;
  readonly dryRun: true;
  readonly seen: number;
  readonly planned: readonly ActionResult[];
  readonly changed: readonly ActionResult[];
  readonly failed: readonly ActionResult[];
  /** Objects that are there already and go on as they are. */
  readonly adopts: readonly Adopted[];
}

export interface Adopted {
  readonly id: string;
  readonly name: string;
  /** Name of the container, service or deployment. */
  readonly object: string;
  readonly state: ObjectState;
  /** The manager id it carries; another one than `manager.id` is one of `manager.previous_ids`. */
  readonly manager: string;
}

const concurrency = 16;

/** What carries no platform may be the other one's when there are two, and is never removed by itself then. */
const belongsHere = ({ platform, orphanPolicy }: Site, { labels }: RuntimeObject): boolean =>
  labels[platformLabel] === platform || (!labels[platformLabel] && !orphanPolicy.bothPlatforms);

/** May run beside XTM Composer: it lists both sides and plans, nothing else. */
export async function dryRun(
  site: Site,
  only: string | undefined,
  now: () => number,
  signal: AbortSignal,
): Promise<DryRun> {
  const { platform } = site;
  const nothing = { platform, dryRun: true as const, seen: 0, planned: [], changed: [], adopts: [] };
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
    const looked = await Promise.all(
      wanted.map((d) => limit(async () => ({ d, o: await look(site, d.id, now, signal) }))),
    );
    const planned = looked.map(({ d, o }) => nextStep(d, o, now()));
    const adopts = looked.flatMap(({ d, o }): Adopted[] => {
      const found = o.seen.kind === 'seen' ? identify(d, o.seen.objects, site.policy.managerIds) : undefined;
      if (found?.kind !== 'ours') return [];
      const { name, state, labels } = found.object;
      return [{ id: d.id, name: d.name, object: name, state, manager: labels[managerLabel] ?? '' }];
    });
    const orphans = objects
      .filter((o) => only === undefined && belongsHere(site, o))
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
      adopts,
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
