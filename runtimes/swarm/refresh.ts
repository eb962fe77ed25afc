import { permanent, retryable } from '../../model/errors.ts';
import type { Spec } from '../runtime.ts';
import type { Api } from './api.ts';
import { dropUnused, ensureCa } from './configs.ts';
import { type Place, byName, deploy, isSame } from './deploy.ts';
import { move } from './move.ts';
import { type Service, replicasOf } from './objects.ts';
import { put } from './put.ts';
import { stopTime } from './scale.ts';
import { untilDown, untilUp } from './settle.ts';
import { serviceSpec } from './spec.ts';
import { isChanging, nextForce } from './tasks.ts';

/** The way back has its own time, also after an abort (ms): the Swarm waits up to a minute for a task that no node has. */
const undoTime = 120_000;

/**
 * Gives a service a new spec in place. The Swarm stops the old task before it starts the new one, watches that for a few
 * seconds and puts the previous spec back by itself, hashes included, when it does not stay up: an interruption of the
 * worker changes nothing of that. What only hangs is put back from here.
 */
export async function refresh(
  place: Place,
  spec: Spec,
  current: string,
  start: boolean,
  signal: AbortSignal,
): Promise<void> {
  const { api, images, options } = place;
  const live = await api.service(current, signal);
  if (live === undefined) {
    // An earlier attempt may have come as far as a new object.
    const made = await byName(api, spec.name, signal);
    if (made !== undefined && isSame(made, spec)) return deploy(place, spec, start, signal);
    throw permanent('NameConflict', 'the service to replace is gone; looking again');
  }
  if (live.Spec.Name !== spec.name) return move(place, spec, live, start, signal);
  if (isSame(live, spec) && isChanging(live)) return settle(place, live, start, signal);
  const image = images.pinned(spec.image);
  const ca = await ensureCa(api, spec, signal);
  const before = await put(
    api,
    options.auth,
    live.ID,
    (s, tasks) =>
      serviceSpec(spec, options.service, {
        replicas: start ? 1 : 0,
        force: nextForce(s, tasks),
        image,
        ...(ca === undefined ? {} : { ca }),
      }),
    signal,
  ).catch(async (error: unknown) => {
    const unused = ca === undefined ? [] : [ca];
    const never = { ...live, Spec: { ...live.Spec, TaskTemplate: { ContainerSpec: { Configs: unused } } } };
    await dropUnused(api, never, undefined, AbortSignal.timeout(undoTime));
    throw error;
  });
  await settle(place, before ?? live, start, signal);
  await dropUnused(api, before ?? live, ca?.ConfigID, signal);
}

/** Waits for what the Swarm makes of the change. `before`: the service before it. */
async function settle({ api, options }: Place, before: Service, start: boolean, signal: AbortSignal): Promise<void> {
  const ref = before.ID;
  if (!start) {
    if (await untilDown(api, ref, stopTime(before), signal)) return;
    throw retryable('StopFailed', 'the old task does not end; look at its node with "docker node ls"');
  }
  const settled = await untilUp(api, ref, { stuck: options.startTimeout, late: options.startTimeout }, signal);
  switch (settled.kind) {
    case 'up':
    case 'ended':
      return;
    case 'gone':
      throw permanent('NameConflict', 'the service was removed meanwhile; looking again');
    case 'stuck':
    case 'late':
    case 'undone': {
      const undo = AbortSignal.timeout(undoTime);
      if (settled.kind !== 'undone') await put(api, options.auth, ref, (s) => s.Spec, undo, true);
      const back = await untilBack(api, ref, undo);
      throw retryable('SwapUndone', `the new task could not be started and ${back}: ${settled.reason}`);
    }
  }
}

/** Waits for the task of the spec that was put back; says how that went. */
async function untilBack(api: Api, ref: string, signal: AbortSignal): Promise<string> {
  const service = await api.service(ref, signal);
  if (service === undefined) return 'the service was removed meanwhile';
  if (replicasOf(service) === 0) return 'the old spec is back';
  const settled = await untilUp(api, ref, { stuck: undoTime / 4, late: (undoTime * 3) / 4 }, signal, true);
  return settled.kind === 'up' ? 'the old one is back' : 'the old one is back, but not running yet';
}
