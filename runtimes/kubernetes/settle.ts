import { setTimeout as sleep } from 'node:timers/promises';
import type { Cluster } from './cluster.ts';
import type { Deployment, Pod } from './objects.ts';
import { chosenPod, isCurrent, isOver, podSelector, podsOf } from './pods.ts';
import { type Standing, standing } from './state.ts';

/** How a wait for a Deployment ended. */
export type Settled =
  | { readonly kind: 'up' }
  /** It ran, or was about to, and ended: that is a crash, not a failed rollout. */
  | { readonly kind: 'ended' }
  /** Image or configuration stood in the way for as long as was allowed. */
  | { readonly kind: 'stuck'; readonly reason: string }
  /** Still on its way when the time was up. */
  | { readonly kind: 'late'; readonly reason: string }
  | { readonly kind: 'gone' };

export interface Patience {
  /** For image and configuration errors, which the kubelet tries again (ms). */
  readonly stuck: number;
  /** For everything else (ms). */
  readonly late: number;
}

const fastest = 100;
const slowest = 1_000;

/** Nothing will ever come of such a reference. */
const hopeless = /^InvalidImageName/;

/** Waits until the container of the Deployment's present template runs. Reads only. */
export async function untilUp(c: Cluster, name: string, patience: Patience, signal: AbortSignal): Promise<Settled> {
  const began = Date.now();
  let stuckSince: number | undefined;
  for (let pause = fastest; ; pause = Math.min(pause * 1.5, slowest)) {
    const deployment = await c.get(name, signal);
    if (deployment === undefined) return { kind: 'gone' };
    const pods = await c.pods(podSelector(deployment), signal);
    const now = Date.now();
    const s = upOrNot(deployment, pods, now);
    if (s?.state === 'running') return { kind: 'up' };
    if (s?.state === 'down') return { kind: 'ended' };
    const reason = s?.reason ?? 'the rollout has not begun';
    stuckSince = s?.state === 'failed' ? (stuckSince ?? now) : undefined;
    if (stuckSince !== undefined && (now - stuckSince >= patience.stuck || hopeless.test(reason)))
      return { kind: 'stuck', reason };
    if (stuckSince === undefined && now - began >= patience.late) return { kind: 'late', reason };
    await sleep(pause, undefined, { signal });
  }
}

/** What the pod of the present template does; nothing while there is only one of an earlier template. */
function upOrNot(d: Deployment, pods: readonly Pod[], now: number): Standing | undefined {
  if ((d.metadata.generation ?? 0) > (d.status?.observedGeneration ?? 0)) return undefined;
  const pod = chosenPod(d, pods);
  if (pod !== undefined && !isCurrent(d, pod)) return undefined;
  return standing(d, pods, now);
}

/** Waits until no pod of the Deployment is left; false: some still are when the time is up. */
export async function untilDown(
  c: Cluster,
  deployment: Deployment,
  timeMs: number,
  signal: AbortSignal,
): Promise<boolean> {
  const deadline = Date.now() + timeMs;
  for (let pause = fastest; ; pause = Math.min(pause * 1.5, slowest)) {
    const pods = podsOf(deployment, await c.pods(podSelector(deployment), signal));
    // Ended ones are only kept for their log; nothing of them runs.
    if (pods.every(isOver)) return true;
    if (Date.now() >= deadline) return false;
    await sleep(pause, undefined, { signal });
  }
}
