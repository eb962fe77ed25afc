import { setTimeout as sleep } from 'node:timers/promises';
import { permanent } from '../../model/errors.ts';
import type { RegistryAuth } from '../runtime.ts';
import type { Api } from './api.ts';
import { isStale, refused } from './errors.ts';
import type { Service, ServiceSpec, Task } from './objects.ts';
import { tasksOf } from './tasks.ts';

/** Credentials for a reference; undefined where none are set for its registry. */
export type Auth = (image: string) => RegistryAuth | undefined;

/** Others change services too, the Swarm itself among them, each time with a new version; so often is begun anew. */
const tries = 8;
const pause = 100;

/**
 * Writes a spec made from the service as it is now, with the credentials of its image. A service that changed between
 * look and write is looked at anew. Answers with the service before the change; undefined: `next` wanted none.
 */
export async function put(
  api: Api,
  auth: Auth,
  ref: string,
  next: (service: Service, tasks: readonly Task[]) => ServiceSpec | undefined,
  signal: AbortSignal,
  back = false,
): Promise<Service | undefined> {
  for (let attempt = 1; ; attempt += 1) {
    const service = await api.service(ref, signal);
    if (service === undefined) throw permanent('NameConflict', 'the service is gone; looking again');
    const spec = next(service, tasksOf(service, await api.tasks([service.ID], signal)));
    if (spec === undefined) return undefined;
    try {
      await api.update(service, spec, auth(spec.TaskTemplate.ContainerSpec?.Image ?? ''), signal, back);
      return service;
    } catch (error) {
      if (!isStale(error) || attempt === tries) throw refused(error, service.Spec.Name, signal);
    }
    await sleep(pause * attempt, undefined, { signal });
  }
}
