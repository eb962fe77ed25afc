import { Problem, retryable } from '../../model/errors.ts';
import type { Spec } from '../runtime.ts';
import type { Cluster } from './cluster.ts';
import { type ChangeOptions, deploy, isSame } from './deploy.ts';
import { refused } from './errors.ts';
import { refOf } from './names.ts';
import type { Deployment } from './objects.ts';
import { vanish } from './remove.ts';
import { untilDown, untilUp } from './settle.ts';

/** Above every ordinary grace period (ms). */
const stopTime = 120_000;
/** The way back has its own time, also after an abort (ms). */
const undoTime = 90_000;

/**
 * A Deployment cannot be given another name: the old one loses its pod, the new one is made under the new name, the old
 * one goes. The two never run at the same time; a failure lets the old one run again.
 */
export async function move(
  c: Cluster,
  options: ChangeOptions,
  spec: Spec,
  old: Deployment,
  start: boolean,
  signal: AbortSignal,
): Promise<void> {
  const { name } = old.metadata;
  // Told apart before anything is stopped: a taken name, and a spec nobody will take.
  const taken = await c.get(spec.name, signal);
  if (taken !== undefined && !isSame(taken, spec))
    throw new Problem('permanent', 'NameConflict', `the Deployment name "${spec.name}" is taken`);
  const wasUp = (old.spec.replicas ?? 1) > 0;
  try {
    await c.scale(name, 0, signal);
  } catch (error) {
    throw refused(error, `Deployment "${name}"`, signal);
  }
  try {
    if (!(await untilDown(c, old, stopTime, signal)))
      throw retryable('StopFailed', `the pod of "${name}" does not end`);
    await deploy(c, options, spec, start, signal);
  } catch (error) {
    if (signal.aborted) throw error;
    await back(c, spec, name, wasUp);
    if (!(error instanceof Problem) || error.type === 'NotPermitted') throw error;
    throw retryable('SwapUndone', `the replacement failed and the old Deployment is back: ${error.message}`);
  }
  await vanish(c, refOf(old.metadata), signal);
}

async function back(c: Cluster, spec: Spec, name: string, wasUp: boolean): Promise<void> {
  const signal = AbortSignal.timeout(undoTime);
  const made = await c.get(spec.name, signal);
  if (made !== undefined && isSame(made, spec)) await vanish(c, refOf(made.metadata), signal);
  if (!wasUp) return;
  await c.scale(name, 1, signal);
  await untilUp(c, name, { stuck: undoTime / 3, late: undoTime / 2 }, signal);
}
