import { retryable } from '../../model/errors.ts';
import type { Api } from './api.ts';
import { type Service, type ServiceSpec, replicasOf } from './objects.ts';
import { type Auth, put } from './put.ts';
import { type Settled, untilDown, untilUp } from './settle.ts';
import { standing } from './state.ts';
import { nextForce } from './tasks.ts';
import { viewOf } from './view.ts';

/** A start is waited for this long (ms); the Swarm goes on, and looks tell what becomes of it. */
export const startPatience = { stuck: 20_000, late: 60_000 };
/** The engine's grace period where the service names none (ms), and what a node may take beyond it. */
const standardGrace = 10_000;
const beyondGrace = 60_000;

const withReplicas = (s: Service, replicas: 0 | 1, force?: number): ServiceSpec => ({
  ...s.Spec,
  TaskTemplate: { ...s.Spec.TaskTemplate, ...(force === undefined ? {} : { ForceUpdate: force }) },
  Mode: { Replicated: { Replicas: replicas } },
});

/** How long a stop of this service may take (ms). */
export const stopTime = (s: Service): number =>
  Number(s.Spec.TaskTemplate.ContainerSpec?.['StopGracePeriod'] ?? standardGrace * 1e6) / 1e6 + beyondGrace;

/** Lets the service have its task. One that the Swarm has given up begins anew. */
export async function start(api: Api, auth: Auth, ref: string, signal: AbortSignal): Promise<void> {
  const service = await api.service(ref, signal);
  if (service === undefined) throw retryable('StartFailed', 'the service is gone; looking again');
  const { tasks, lost } = await viewOf(api, [service], signal);
  const now = standing(service, tasks, lost);
  if (replicasOf(service) > 0 && now.state === 'running') return;
  if (replicasOf(service) > 0 && !now.retried) await stop(api, auth, ref, signal);
  // Without a number of its own, what ended before the start would be taken for ends after it.
  await put(
    api,
    auth,
    ref,
    (s, all) => (replicasOf(s) > 0 ? undefined : withReplicas(s, 1, nextForce(s, all))),
    signal,
  );
  orThrow(await untilUp(api, ref, startPatience, signal));
}

/** Takes its task away and waits until it has ended; the node kills what does not end within the grace period. */
export async function stop(api: Api, auth: Auth, ref: string, signal: AbortSignal): Promise<void> {
  const service = await api.service(ref, signal);
  if (service === undefined) return;
  if (replicasOf(service) > 0)
    await put(api, auth, ref, (s) => (replicasOf(s) > 0 ? withReplicas(s, 0) : undefined), signal);
  if (await untilDown(api, ref, stopTime(service), signal)) return;
  throw retryable('StopFailed', 'the task does not end; look at its node with "docker node ls"');
}

/** A start that came to nothing, in words; one that still may come to something is no error. */
export function orThrow(settled: Settled): void {
  if (settled.kind === 'gone') throw retryable('StartFailed', 'the service was removed while it was being started');
  if (settled.kind !== 'stuck' && settled.kind !== 'undone') return;
  const pulling = /image|pull|manifest|registry|unauthorized|denied/i.test(settled.reason);
  throw retryable(pulling ? 'ImagePull' : 'StartFailed', `the task cannot be started: ${settled.reason}`);
}
