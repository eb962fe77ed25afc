import pLimit from 'p-limit';
import type { ActionResult } from '../model/command.ts';
import type { RuntimeObject } from '../model/connector.ts';
import { Problem } from '../model/errors.ts';
import { connectorLabel } from '../model/labels.ts';
import { newMemory } from '../model/memory.ts';
import { type Desired, type Observation, actualDigest, desiredDigest, isCandidate } from '../model/observation.ts';
import { type Plan, plan } from '../model/plan.ts';
import * as messages from '../workflows/messages.ts';
import { heartbeating } from './context.ts';
import type { Deps, Site } from './deps.ts';
import type { cachedEntities } from './entities.ts';
import { freshListing } from './listing.ts';
import { look, siteOf } from './look.ts';
import { markOf, pendingSignals } from './pending.ts';
import { signalConnector } from './signal.ts';
import type { SyncRequestArgs, SyncResult } from './types.ts';

/** At most this many connectors are told to act in one poll; the rest follow in the next ones. */
const burst = 200;
const lookConcurrency = 16;
const repeatReason = 5 * 60_000;
const memoAge = 20_000;
const cap = 200;

/**
 * One poll. Lists both sides, and signals exactly the connectors whose wish or object differs from what their workflow
 * has dealt with. Keeps no truth of its own: a lost signal is repaired by the next poll.
 */
export function sync(deps: Deps, memosOf: (site: Site) => ReturnType<typeof cachedEntities>) {
  const pending = pendingSignals();
  const unreadable = new Map<string, { readonly reason: string; readonly at: number }>();

  return (request: SyncRequestArgs): Promise<SyncResult> =>
    heartbeating(async (signal) => {
      const site = siteOf(deps.sites, request.platform);
      const now = deps.now();
      const at = new Date(now).toISOString();
      const listed = freshListing(site, deps, signal).then(
        () => undefined,
        (error: unknown) => asProblem(error, signal),
      );
      const objects = await site.runtime.list(site.policy.managerIds, signal).catch((error: unknown) => {
        site.contact.down();
        return asProblem(error, signal);
      });
      const listingError = await listed;
      const refusal = site.registration.refusal();
      const empty = { at, seen: 0, signalled: 0, skipped: 0, planned: [], failed: [] };
      if (refusal !== undefined) return { ...empty, error: { kind: refusal.type, message: refusal.message } };
      if (objects instanceof Problem) return { ...empty, error: { kind: objects.type, message: objects.message } };
      // Not when it was asked: it may have come back since, and what ended before it did is no crash.
      site.contact.up(deps.now());

      const byId = groupById(objects);
      const asked = site.records.all().filter((d) => request.connector === undefined || d.id === request.connector);
      const mark = (d: Desired): string => markOn(site, d, byId.get(d.id) ?? []);
      const news = (): readonly Desired[] => asked.filter((d) => pending.isNews(key(d), mark(d), memos.get(d.id), now));
      // What the memos said a while ago suffices to see that nothing is new; to say that something is takes the newest.
      const newest = request.explain === true || asked.some((d) => pending.awaits(key(d)));
      let memos = await memosOf(site)(newest ? 0 : memoAge);
      if (news().length > 0) memos = await memosOf(site)(0);
      const changed = news().slice(0, burst);
      site.board.update(site, objects, memos, now);
      // Without a good listing only what happened to the containers is new; the last known records stay in force.
      const limit = pLimit(lookConcurrency);
      await Promise.all(
        changed.map((d) =>
          limit(async () => {
            const observation = await look(site, d.id, deps.now, signal);
            await signalConnector(deps, site, d.id, d.name, observation);
            pending.signalled(key(d), mark(d), memos.get(d.id), now);
          }),
        ),
      );
      const failed = await tellSkipped(deps, site, unreadable, now);
      const planned = request.explain === true ? explain(site, byId, memos, request.connector) : [];
      if (listingError === undefined) await seekOrphans(deps, site, byId, memos, now);

      deps.metrics.connectors(site.platform, site.records.all().length);
      if (listingError === undefined) deps.metrics.synced(site.platform, now / 1000);
      const version = site.registration.version();
      return {
        at,
        seen: site.records.all().length,
        signalled: changed.length,
        skipped: site.records.skipped().length,
        planned: planned.slice(0, cap),
        failed: [
          ...failed,
          ...(listingError === undefined
            ? []
            : [
                { id: '', name: site.platform, action: 'list', reason: listingError.type, error: listingError.message },
              ]),
        ].slice(0, cap),
        ...(listingError === undefined ? {} : { error: { kind: listingError.type, message: listingError.message } }),
        ...(version === undefined ? {} : { version }),
      };
    });
}

const key = (d: Pick<Desired, 'platform' | 'id'>): string => `${d.platform}/${d.id}`;

function asProblem(error: unknown, signal: AbortSignal): Problem {
  if (signal.aborted || !(error instanceof Problem)) throw error;
  return error;
}

export function groupById(objects: readonly RuntimeObject[]): ReadonlyMap<string, readonly RuntimeObject[]> {
  const groups = new Map<string, RuntimeObject[]>();
  for (const o of objects) {
    const id = o.labels[connectorLabel] ?? '';
    if (id === '') continue;
    const group = groups.get(id);
    if (group === undefined) groups.set(id, [o]);
    else group.push(o);
  }
  return groups;
}

const candidates = (site: Site, d: Desired, objects: readonly RuntimeObject[]): readonly RuntimeObject[] =>
  objects.filter((o) => isCandidate(o, d.id, d.platform, site.policy.managerIds));

const markOn = (site: Site, d: Desired, objects: readonly RuntimeObject[]): string =>
  markOf(desiredDigest(d), actualDigest(candidates(site, d, objects)), site.runtimeQueue);

/** Records that could not be read: their workflow shows why; the object is left as it is. */
async function tellSkipped(
  deps: Deps,
  site: Site,
  unreadable: Map<string, { readonly reason: string; readonly at: number }>,
  now: number,
): Promise<readonly ActionResult[]> {
  const results: ActionResult[] = [];
  for (const { id, name, reason } of site.records.skipped()) {
    results.push({ id: id ?? '', name: name ?? id ?? 'unreadable record', action: 'read', reason, error: reason });
    if (id === undefined) continue;
    const lately = unreadable.get(`${site.platform}/${id}`);
    if (lately?.reason === reason && now - lately.at < repeatReason) continue;
    const observation: Observation = {
      desired: 'unknown',
      seen: { kind: 'unknown', message: 'its record cannot be read' },
      problem: reason,
      policy: site.policy,
    };
    await signalConnector(deps, site, id, name ?? id, observation);
    unreadable.set(`${site.platform}/${id}`, { reason, at: now });
  }
  return results;
}

/** What each connector's workflow is about to do, planned from the lists alone: for a person, not for the entity. */
function explain(
  site: Site,
  byId: ReadonlyMap<string, readonly RuntimeObject[]>,
  memos: ReadonlyMap<string, messages.ConnectorMemo>,
  only: string | undefined,
): readonly ActionResult[] {
  return site.records.all().flatMap((d): ActionResult[] => {
    if (only !== undefined && d.id !== only) return [];
    const { summary: memo, marks } = memos.get(d.id) ?? {};
    // An operator's override shows in the memo; it holds as long as the platform asks for nothing new.
    const overridden = memo !== undefined && marks?.desired === desiredDigest(d);
    // At rest by its own decision: it waits out a reboot loop, or all is as wanted. A failed one will try again.
    const objects = byId.get(d.id) ?? [];
    if (overridden && marks.actual === actualDigest(candidates(site, d, objects)) && memo.phase !== 'failed') return [];
    const asked = overridden ? { ...d, requested: memo.requestedStatus } : d;
    const memory = { ...newMemory(new Date().toISOString()), paused: memo?.phase === 'paused' };
    const { steps, hold } = planFromList(site, asked, objects, memory);
    if (hold !== undefined && memo?.lastError != null)
      return [{ id: d.id, name: d.name, action: 'hold', reason: hold, error: memo.lastError.message }];
    return steps.slice(0, 1).map((s) => ({ id: d.id, name: d.name, action: s.kind, reason: s.reason }));
  });
}

const planFromList = (
  site: Site,
  d: Desired,
  objects: readonly RuntimeObject[],
  memory: Parameters<typeof plan>[2],
): Plan => {
  const contactSince = new Date(Date.now()).toISOString();
  return plan(d, { kind: 'seen', objects, contactSince }, memory, site.policy, Date.now());
};

const sweepNudge = 2 * 60_000;
const goneSince = new WeakMap<Site, { readonly ids: string; readonly at: number }>();

/**
 * Objects or workflows the listing lacks: the orphan sweep is asked to come at once, so that a deleted connector's
 * container does not wait for the next full minute. A set that stays (held by the guard) stops asking.
 */
async function seekOrphans(
  deps: Deps,
  site: Site,
  byId: ReadonlyMap<string, readonly RuntimeObject[]>,
  memos: ReadonlyMap<string, messages.ConnectorMemo>,
  now: number,
): Promise<void> {
  if (!site.records.complete()) return;
  const listed = (id: string) => site.records.desired(id) !== undefined;
  const ours = [...byId].filter(([, objects]) =>
    objects.some((o) => isCandidate(o, o.labels[connectorLabel] ?? '', site.platform, site.policy.managerIds)),
  );
  const gone = [...ours.map(([id]) => id), ...memos.keys()].filter(
    (id) => !listed(id) && memos.get(id)?.summary.lastError?.kind !== 'InvalidContract',
  );
  if (gone.length === 0) {
    goneSince.delete(site);
    return;
  }
  const ids = [...new Set(gone)].toSorted().join();
  const before = goneSince.get(site);
  if (before?.ids !== ids) goneSince.set(site, { ids, at: now });
  else if (now - before.at > sweepNudge) return;
  await deps.temporal.schedule
    .getHandle(messages.orphansScheduleId(site.platform))
    .trigger()
    .catch((error: unknown) =>
      deps.log.warn('the orphan sweep could not be triggered', { platform: site.platform, error }),
    );
}
