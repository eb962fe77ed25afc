import { setTimeout as sleep } from 'node:timers/promises';
import type { Api } from './api.ts';
import type { Service, Task } from './objects.ts';
import { isLeaving, standing } from './state.ts';
import { isCurrent, isUnplanned, tasksOf } from './tasks.ts';
import { viewOf } from './view.ts';

/** How a wait for a service ended. */
export type Settled =
  | { readonly kind: 'up' }
  /** It ran and ended: that is a crash, not a failed rollout. */
  | { readonly kind: 'ended' }
  /** The nodes refuse the task for as long as was allowed. */
  | { readonly kind: 'stuck'; readonly reason: string }
  /** Still on its way when the time was up. */
  | { readonly kind: 'late'; readonly reason: string }
  /** The Swarm has put the previous spec back. */
  | { readonly kind: 'undone'; readonly reason: string }
  | { readonly kind: 'gone' };

export interface Patience {
  /** For what the nodes refuse, and the Swarm tries again (ms). */
  readonly stuck: number;
  /** For everything else (ms). */
  readonly late: number;
}

const fastest = 100;
const slowest = 1_000;

/**
 * Waits until a task of the present spec runs, and where the Swarm carries out a change, until it has decided about it.
 * `back`: the previous spec is what is waited for. Reads only.
 */
export async function untilUp(
  api: Api,
  ref: string,
  patience: Patience,
  signal: AbortSignal,
  back = false,
): Promise<Settled> {
  const began = Date.now();
  let stuckSince: number | undefined;
  for (let pause = fastest; ; pause = Math.min(pause * 1.5, slowest)) {
    const service = await api.service(ref, signal);
    if (service === undefined) return { kind: 'gone' };
    const { tasks, lost } = await viewOf(api, [service], signal);
    const now = Date.now();
    const change = service.UpdateStatus?.State;
    if (!back && (change === 'rollback_completed' || change === 'rollback_paused'))
      return { kind: 'undone', reason: whyUndone(service, tasks) };
    const s = standing(service, tasks, lost);
    const decided = change !== 'updating' && change !== 'rollback_started';
    if (decided && s.state === 'running') return { kind: 'up' };
    if (decided && s.state === 'down') return { kind: 'ended' };
    const reason = s.reason ?? service.UpdateStatus?.Message ?? 'the task has not begun';
    stuckSince = decided && s.state === 'failed' ? (stuckSince ?? now) : undefined;
    if (stuckSince !== undefined && now - stuckSince >= patience.stuck) return { kind: 'stuck', reason };
    if (stuckSince === undefined && now - began >= patience.late) return { kind: 'late', reason };
    await sleep(pause, undefined, { signal });
  }
}

/** What became of the task of the spec that was taken back. */
function whyUndone(service: Service, all: readonly Task[]): string {
  const failed = tasksOf(service, all).findLast((t) => isUnplanned(t) && !isCurrent(service, t));
  return failed?.Status?.Err ?? service.UpdateStatus?.Message ?? 'the new task did not stay up';
}

/** Waits until no task of the service is left; false: some still are when the time is up. */
export async function untilDown(api: Api, ref: string, timeMs: number, signal: AbortSignal): Promise<boolean> {
  const deadline = Date.now() + timeMs;
  for (let pause = fastest; ; pause = Math.min(pause * 1.5, slowest)) {
    const service = await api.service(ref, signal);
    if (service === undefined) return true;
    const { tasks, lost } = await viewOf(api, [service], signal);
    if (standing(service, tasks, lost).state === 'down' && !tasks.some((t) => isLeaving(t, lost))) return true;
    if (Date.now() >= deadline) return false;
    await sleep(pause, undefined, { signal });
  }
}
