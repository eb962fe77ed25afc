import { createHash } from 'node:crypto';
import { type Due, type Sent, firstDue, mergeLog, newLog, nextBeat } from '../model/cadence.ts';
import type { Health, RuntimeObject } from '../model/connector.ts';
import { connectorLabel, platformLabel } from '../model/labels.ts';
import type { LifecycleLine } from '../model/memory.ts';
import { isCandidate } from '../model/observation.ts';
import type { PlatformClient } from '../platforms/platform.ts';
import type { ConnectorMemo } from '../workflows/messages.ts';
import type { Site } from './deps.ts';

/**
 * What the worker knows of each connector of a platform to post its log and health: kept in memory, rebuilt from the
 * runtime's list and the workflows' memos, never in workflow history.
 */
export interface Board {
  /** Takes in what the runtime lists and what the workflows say of themselves. */
  update(
    site: Pick<Site, 'platform' | 'policy' | 'cadence'>,
    objects: readonly RuntimeObject[],
    memos: ReadonlyMap<string, ConnectorMemo>,
    now: number,
  ): void;
  /** Lifecycle lines from the workflow, which make a push due at once. */
  lines(site: Pick<Site, 'cadence'>, id: string, lines: readonly LifecycleLine[], now: number): void;
  /** A health push made elsewhere: the regular beat counts from there. */
  told(site: Pick<Site, 'cadence'>, id: string, health: Health, now: number): void;
  /** Connectors whose health or log is due now, and the beats moved on; those under way wait for the next call. */
  due(site: Pick<Site, 'cadence'>, now: number, underway?: ReadonlySet<string>): readonly Post[];
  /** Connectors whose lifecycle lines the worker has not seen yet. */
  unread(): readonly string[];
  /** The log to push: all of it, or what is new of it, as the platform takes it; nothing when nothing is new. */
  compose(
    id: string,
    tail: readonly { at: string; text: string }[],
    max: number,
    now: number,
  ): readonly string[] | undefined;
  /** The composed log was accepted. */
  pushed(id: string, lines: readonly string[]): void;
  size(): number;
}

export interface Post {
  readonly id: string;
  readonly ref: string | undefined;
  readonly health: Health | undefined;
  readonly logs: boolean;
}

interface Entry {
  ref: string | undefined;
  running: boolean;
  startedAt: string | undefined;
  restarts: number;
  looping: boolean;
  lines: readonly LifecycleLine[] | undefined;
  linesMark: string;
  dirty: boolean;
  /** Handed out and not accepted yet: a stopped connector has no next beat that would replace a lost push. */
  owed: boolean;
  lastLog: string;
  /** Where a push extends the log: how far it was accepted, and how far it will be with the one under way. */
  sent: Sent;
  sending: Sent;
  due: Due;
}

const digest = (lines: readonly string[]): string => createHash('sha1').update(lines.join('\n')).digest('base64');

export function board(logs: PlatformClient['logs'] = 'replaced'): Board {
  const entries = new Map<string, Entry>();
  const entry = (id: string, now: number, logBeat: number, health: number): Entry => {
    const known = entries.get(id);
    if (known !== undefined) return known;
    const fresh: Entry = {
      ref: undefined,
      running: false,
      startedAt: undefined,
      restarts: 0,
      looping: false,
      lines: undefined,
      linesMark: '',
      dirty: false,
      owed: false,
      lastLog: '',
      sent: {},
      sending: {},
      due: firstDue(now, Math.random(), logBeat, health),
    };
    entries.set(id, fresh);
    return fresh;
  };
  return {
    update(site, objects, memos, now) {
      const { logs: logBeat, health } = site.cadence;
      const present = new Map<string, RuntimeObject>();
      for (const o of objects) {
        const id = o.labels[connectorLabel] ?? '';
        if (id === '' || !isCandidate(o, id, site.platform, site.policy.managerIds)) continue;
        // One without a platform's label may be the other platform's; only a workflow of ours tells that it is not.
        if (!o.labels[platformLabel] && !memos.has(id)) continue;
        if (o.state === 'running' || !present.has(id)) present.set(id, o);
      }
      for (const id of entries.keys()) if (!present.has(id) && !memos.has(id)) entries.delete(id);
      for (const [id, o] of present) {
        const e = entry(id, now, logBeat, health);
        // One last push after an end, so that the reason is in the log.
        if (e.running && o.state !== 'running') e.dirty = true;
        e.ref = o.ref;
        e.running = o.state === 'running';
      }
      for (const [id, { summary, marks }] of memos) {
        const e = entry(id, now, logBeat, health);
        if (!present.has(id)) {
          e.ref = undefined;
          e.running = false;
        }
        e.restarts = summary.restarts;
        e.looping = marks.looping;
        e.startedAt = marks.startedAt;
        if (e.linesMark !== marks.lines) {
          e.linesMark = marks.lines;
          if (e.lines?.at(-1)?.at !== marks.lines) e.lines = undefined;
        }
      }
    },
    lines({ cadence }, id, lines, now) {
      const e = entry(id, now, cadence.logs, cadence.health);
      e.lines = lines;
      e.linesMark = lines.at(-1)?.at ?? '';
      e.dirty = true;
    },
    told({ cadence }, id, health, now) {
      const e = entries.get(id);
      if (e === undefined) return;
      e.restarts = health.restartCount;
      e.looping = health.inRebootLoop;
      e.startedAt = health.startedAt;
      e.due = { ...e.due, nextHealth: now + cadence.health };
    },
    due({ cadence }, now, underway) {
      const posts: Post[] = [];
      for (const [id, e] of entries) {
        if (underway?.has(id) === true) continue;
        const healthDue = (e.running || e.looping) && e.startedAt !== undefined && now >= e.due.nextHealth;
        const logsDue = e.dirty || ((e.running || e.owed) && now >= e.due.nextLogs);
        if (!healthDue && !logsDue) continue;
        e.due = {
          nextHealth: healthDue ? nextBeat(e.due.nextHealth, cadence.health, now) : e.due.nextHealth,
          // A push at once, before its time, starts the beat anew: the next one is not a period later than promised.
          nextLogs: logsDue ? nextBeat(Math.min(e.due.nextLogs, now), cadence.logs, now) : e.due.nextLogs,
        };
        if (logsDue) {
          e.dirty = false;
          e.owed = true;
        }
        const health =
          healthDue && e.startedAt !== undefined
            ? { restartCount: e.restarts, startedAt: new Date(e.startedAt).toISOString(), inRebootLoop: e.looping }
            : undefined;
        posts.push({ id, ref: e.ref, health, logs: logsDue });
      }
      return posts;
    },
    unread: () => [...entries].flatMap(([id, e]) => (e.lines === undefined && e.linesMark !== '' ? [id] : [])),
    compose(id, tail, max, now) {
      const e = entries.get(id);
      if (logs === 'extended') {
        const { lines, sent } = newLog(tail, e?.lines ?? [], e?.sent ?? {}, max, now);
        if (e !== undefined) e.sending = sent;
        if (lines.length > 0) return lines;
      } else {
        const merged = mergeLog(tail, e?.lines ?? [], max, now);
        if (merged.length > 0 && digest(merged) !== e?.lastLog) return merged;
      }
      if (e !== undefined) e.owed = false;
      return undefined;
    },
    pushed(id, lines) {
      const e = entries.get(id);
      if (e === undefined) return;
      e.lastLog = digest(lines);
      e.sent = e.sending;
      e.owed = false;
    },
    size: () => entries.size,
  };
}
