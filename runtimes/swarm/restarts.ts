import type { Service, Task } from './objects.ts';
import { isChanging, isCrash, isCurrent } from './tasks.ts';

/** A worker that has just begun takes only the ends of this time (ms) into account: older ones are history. */
const countedPast = 3_600_000;
/** Ended tasks remembered of one service; a Swarm keeps 5 of each by default. */
const remembered = 50;

/**
 * Ends of a service's processes. A Swarm forgets all but the last few tasks, and those of a service that is stopped, so
 * they are added up from the looks. Tasks that were rejected never ran; those of a change that the Swarm is still trying
 * out are the change's affair.
 */
export interface Restarts {
  count(service: Service, tasks: readonly Task[], now: number): number;
  /** Forgets services that are no longer there. */
  keep(ids: ReadonlySet<string>): void;
}

export function restarts(): Restarts {
  const seen = new Map<string, { readonly ids: Set<string>; total: number }>();
  return {
    count(service, tasks, now) {
      const known = seen.get(service.ID);
      const entry = known ?? { ids: new Set<string>(), total: 0 };
      seen.set(service.ID, entry);
      if (isChanging(service)) return entry.total;
      for (const t of endsSince(service, tasks, known === undefined ? now - countedPast : 0)) {
        if (entry.ids.has(t.ID)) continue;
        entry.ids.add(t.ID);
        entry.total += 1;
      }
      for (const id of [...entry.ids].slice(0, -remembered)) entry.ids.delete(id);
      return entry.total;
    },
    keep(ids) {
      for (const id of seen.keys()) if (!ids.has(id)) seen.delete(id);
    },
  };
}

/** Ends nobody asked for, of the present spec, at or after `since` (epoch ms). */
export const endsSince = (service: Service, tasks: readonly Task[], since: number): readonly Task[] =>
  tasks.filter((t) => isCrash(t) && isCurrent(service, t) && (Date.parse(t.Status?.Timestamp ?? '') || 0) >= since);
