import { setTimeout as sleep } from 'node:timers/promises';
import { retryable } from '../../model/errors.ts';
import type { Cluster } from './cluster.ts';
import { unavailable } from './errors.ts';

/** Pods have their grace period, and the garbage collector its rounds (ms). */
const removalTime = 240_000;

/** Removes a Deployment with its pods and sees to it that it is gone; its Secrets follow by their owner. */
export async function vanish(c: Cluster, ref: string, signal: AbortSignal): Promise<void> {
  try {
    await c.remove(ref, signal);
  } catch (error) {
    throw unavailable(error, signal);
  }
  const deadline = Date.now() + removalTime;
  for (let pause = 100; (await c.byRef(ref, signal)) !== undefined; pause = Math.min(pause * 1.5, 1_000)) {
    if (Date.now() > deadline)
      throw retryable(
        'RuntimeUnavailable',
        'the Deployment is still there after its removal; look for finalizers or a lost node',
      );
    await sleep(pause, undefined, { signal });
  }
}
