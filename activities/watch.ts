import pLimit from 'p-limit';
import { Problem } from '../model/errors.ts';
import { runtimeDelay } from '../model/backoff.ts';
import * as messages from '../workflows/messages.ts';
import type { Busy } from './busy.ts';
import type { Post } from './board.ts';
import { heartbeating } from './context.ts';
import type { Deps, Site } from './deps.ts';
import type { cachedEntities } from './entities.ts';
import { siteOf } from './look.ts';
import { pause } from './pause.ts';
import { signalWake } from './signal.ts';
import type { RuntimeActivities } from './types.ts';

const tick = 500;
const boardAge = 5_000;
const memoAge = 10_000;
const queryTimeout = 10_000;
const posts = 8;

/**
 * The long activity beside the polls: hands engine events to the entities they concern, and posts logs and health in
 * bulk, so that neither ever passes through workflow history.
 */
export function watch(
  deps: Deps,
  busyOf: (platform: Site['platform']) => Busy,
  memosOf: (site: Site) => ReturnType<typeof cachedEntities>,
): RuntimeActivities['watch'] {
  return ({ platform }) =>
    heartbeating(async (signal, progress) => {
      const site = siteOf(deps.sites, platform);
      // One that fails takes the other with it; the next attempt starts both afresh.
      const half = new AbortController();
      const both = AbortSignal.any([signal, half.signal]);
      try {
        await Promise.all([
          listen(deps, site, busyOf(platform), both, progress),
          post(deps, site, memosOf(site), both),
        ]);
      } finally {
        half.abort();
      }
    }, deps.stopping);
}

/** Follows the engine's events for ever; polling stays the ground truth while the stream is broken. */
async function listen(
  deps: Deps,
  site: Site,
  busy: Busy,
  signal: AbortSignal,
  progress: (text: string) => void,
): Promise<void> {
  let failures = 0;
  for (;;) {
    try {
      const opened = () => {
        site.contact.up(deps.now());
        progress('listening to engine events');
        if (failures > 0) void nudge(deps, site, 'the engine is back');
        failures = 0;
      };
      for await (const event of site.runtime.events(site.policy.managerIds, opened, signal)) {
        if (event.action === 'create' || busy.absorbs(event.connectorId, event.action)) continue;
        await signalWake(deps, site, event.connectorId, event.action);
      }
    } catch (error) {
      if (signal.aborted) throw error;
      if (!(error instanceof Problem))
        deps.log.warn('the event stream ended unexpectedly', { platform: site.platform, error });
    }
    signal.throwIfAborted();
    site.contact.down();
    failures += 1;
    progress(`engine events interrupted, attempt ${failures}`);
    await pause(failures === 1 ? 250 : Math.min(runtimeDelay(failures - 1, Math.random()), 10_000), signal);
  }
}

const nudge = (deps: Deps, site: Site, why: string): Promise<void> =>
  deps.temporal.workflow
    .getHandle(messages.platformWorkflowId(site.platform))
    .signal(messages.nudge, { why })
    .catch((error: unknown) => deps.log.debug('nobody to nudge', { platform: site.platform, error }));

/** Posts what is due, every connector on its own beat. A failed push is not repeated: the next one replaces it. */
async function post(
  deps: Deps,
  site: Site,
  memos: ReturnType<typeof cachedEntities>,
  signal: AbortSignal,
): Promise<void> {
  const limit = pLimit(posts);
  // A slow push holds up neither the beat nor the other connectors.
  const underway = new Set<string>();
  let refreshed = 0;
  let refreshing = false;
  for (;;) {
    const now = deps.now();
    if (now - refreshed >= boardAge && !refreshing) {
      refreshed = now;
      refreshing = true;
      // A workflow nobody answers for must not hold up the posts of the others.
      void refresh(deps, site, memos, signal)
        .catch(() => undefined)
        .finally(() => {
          refreshing = false;
        });
    }
    if (site.registration.refusal() === undefined)
      for (const p of site.board.due(site, now, underway)) {
        underway.add(p.id);
        void limit(() => push(deps, site, p, signal))
          .catch(() => undefined)
          .finally(() => underway.delete(p.id));
      }
    await pause(tick, signal);
  }
}

async function refresh(
  deps: Deps,
  site: Site,
  memos: ReturnType<typeof cachedEntities>,
  signal: AbortSignal,
): Promise<void> {
  try {
    const objects = await site.runtime.list(site.policy.managerIds, signal);
    site.board.update(site, objects, await memos(memoAge), deps.now());
    const limit = pLimit(posts);
    await Promise.all(site.board.unread().map((id) => limit(() => readLines(deps, site, id, signal))));
  } catch (error) {
    if (signal.aborted) throw error;
    deps.log.debug('the board could not be refreshed', { platform: site.platform, error });
  }
}

/** After a worker's restart its board is empty; the lines are in the workflow. */
async function readLines(deps: Deps, site: Site, id: string, signal: AbortSignal): Promise<void> {
  const handle = deps.temporal.workflow.getHandle(messages.connectorWorkflowId(site.platform, id));
  // Left alone it would outlive this worker, waiting for one to answer, and be repeated on a closed connection.
  const until = AbortSignal.any([signal, AbortSignal.timeout(queryTimeout)]);
  const state = await deps.temporal.withAbortSignal(until, () => handle.query(messages.connectorState));
  site.board.lines(site, id, state.memory.lines, deps.now());
}

async function push(deps: Deps, site: Site, p: Post, signal: AbortSignal): Promise<void> {
  const { client, runtime, board, platform } = site;
  if (p.health !== undefined) {
    try {
      await client.pushHealth(p.id, p.health, signal);
      deps.metrics.pushed(platform, 'health', 'done');
    } catch (error) {
      if (signal.aborted) throw error;
      deps.metrics.pushed(platform, 'health', 'failed');
    }
  }
  if (!p.logs) return;
  try {
    const tail =
      p.ref === undefined ? [] : await runtime.logs(p.ref, { tail: site.logTail }, signal).catch(() => undefined);
    if (tail === undefined) return;
    const lines = board.compose(p.id, tail, site.logTail, deps.now());
    if (lines === undefined) return;
    await client.pushLogs(p.id, lines, signal);
    board.pushed(p.id, lines);
    deps.metrics.pushed(platform, 'logs', 'done');
  } catch (error) {
    if (signal.aborted) throw error;
    deps.metrics.pushed(platform, 'logs', 'failed');
  }
}
