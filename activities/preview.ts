import type { ActionResult } from '../model/command.ts';
import { type Memory, newMemory } from '../model/memory.ts';
import type { Desired, Observation } from '../model/observation.ts';
import { plan } from '../model/plan.ts';

/** The first thing that would be done about a connector whose memory is not at hand: for a person to read. */
export function nextStep(d: Desired, o: Observation, now: number, memory?: Partial<Memory>): readonly ActionResult[] {
  const m: Memory = { ...newMemory(new Date(now).toISOString()), ...memory };
  const { steps, hold, note } = plan(d, o.seen, m, o.policy, now);
  const [first] = steps;
  if (first !== undefined) return [{ id: d.id, name: d.name, action: first.kind, reason: first.reason }];
  if (hold !== undefined && note !== undefined)
    return [{ id: d.id, name: d.name, action: 'hold', reason: hold, error: hold }];
  return [];
}
