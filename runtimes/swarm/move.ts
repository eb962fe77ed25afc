import { Problem, permanent, retryable } from '../../model/errors.ts';
import type { Spec } from '../runtime.ts';
import type { Api } from './api.ts';
import { type ChangeOptions, byName, deploy, isSame } from './deploy.ts';
import { pinned } from './image.ts';
import { type Service, replicasOf } from './objects.ts';
import { vanish } from './remove.ts';
import { start as startService, stop } from './scale.ts';

/** The way back has its own time, also after an abort (ms). */
const undoTime = 90_000;

/**
 * A service cannot be given another name: the old one loses its task, the new one is made under the new name, the old one
 * goes. The two never run at the same time; a failure lets the old one run again.
 */
export async function move(
  api: Api,
  options: ChangeOptions,
  spec: Spec,
  old: Service,
  start: boolean,
  signal: AbortSignal,
): Promise<void> {
  // Told apart before anything is stopped: a taken name, and an image nobody can resolve.
  const taken = await byName(api, spec.name, signal);
  if (taken !== undefined && !isSame(taken, spec))
    throw permanent('NameConflict', `the service name "${spec.name}" is taken`);
  await pinned(api, spec.image, options.pullPolicy, options.auth, signal);
  const wasUp = replicasOf(old) > 0;
  try {
    await stop(api, options.auth, old.ID, signal);
    await deploy(api, options, spec, start, signal);
  } catch (error) {
    if (signal.aborted) throw error;
    await back(api, options, spec, old.ID, wasUp);
    if (!(error instanceof Problem)) throw error;
    throw retryable('SwapUndone', `the replacement failed and the old service is back: ${error.message}`);
  }
  await vanish(api, options.auth, old.ID, signal);
}

async function back(api: Api, options: ChangeOptions, spec: Spec, old: string, wasUp: boolean): Promise<void> {
  const signal = AbortSignal.timeout(undoTime);
  const made = await byName(api, spec.name, signal);
  if (made !== undefined && isSame(made, spec)) await vanish(api, options.auth, made.ID, signal);
  if (wasUp) await startService(api, options.auth, old, signal);
}
