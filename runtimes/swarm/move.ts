import { Problem, permanent, retryable } from '../../model/errors.ts';
import type { Spec } from '../runtime.ts';
import { type Place, byName, deploy, isSame } from './deploy.ts';
import { type Service, replicasOf } from './objects.ts';
import { vanish } from './remove.ts';
import { start as startService, stop } from './scale.ts';

/** The way back has its own time, also after an abort (ms). */
const undoTime = 90_000;

/**
 * A service cannot be given another name: the old one loses its task, the new one is made under the new name, the old one
 * goes. The two never run at the same time; a failure lets the old one run again.
 */
export async function move(place: Place, spec: Spec, old: Service, start: boolean, signal: AbortSignal): Promise<void> {
  const { api, images, options } = place;
  // Told apart before anything is stopped: a taken name, and an image nobody can resolve.
  const taken = await byName(api, spec.name, signal);
  if (taken !== undefined && !isSame(taken, spec))
    throw permanent('NameConflict', `the service name "${spec.name}" is taken`);
  images.pinned(spec.image);
  const wasUp = replicasOf(old) > 0;
  try {
    await stop(api, options.auth, old.ID, signal);
    await deploy(place, spec, start, signal);
  } catch (error) {
    if (signal.aborted) throw error;
    await back(place, spec, old.ID, wasUp);
    if (!(error instanceof Problem)) throw error;
    throw retryable('SwapUndone', `the replacement failed and the old service is back: ${error.message}`);
  }
  await vanish(api, options.auth, old.ID, signal);
}

async function back({ api, options }: Place, spec: Spec, old: string, wasUp: boolean): Promise<void> {
  const signal = AbortSignal.timeout(undoTime);
  const made = await byName(api, spec.name, signal);
  if (made !== undefined && isSame(made, spec)) await vanish(api, options.auth, made.ID, signal);
  if (wasUp) await startService(api, options.auth, old, signal);
}
