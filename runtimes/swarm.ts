import { Problem, permanent } from '../model/errors.ts';
import { connectorLabel, idVariables, managerLabel } from '../model/labels.ts';
import type { RuntimeObject } from '../model/connector.ts';
import { type DockerAddress, connect } from './docker/connect.ts';
import { availableDigest, runningDigest } from './docker/digests.ts';
import type { Runtime } from './runtime.ts';
import { api as makeApi } from './swarm/api.ts';
import { type ChangeOptions, byName, deploy } from './swarm/deploy.ts';
import { engine } from './swarm/engine.ts';
import { unavailable } from './swarm/errors.ts';
import { managed, swarmEvents } from './swarm/events.ts';
import { images } from './swarm/image.ts';
import { followLogs, tailLogs } from './swarm/logs.ts';
import { type Service, labelsOf } from './swarm/objects.ts';
import { refresh } from './swarm/refresh.ts';
import { vanish } from './swarm/remove.ts';
import { restarts } from './swarm/restarts.ts';
import { start, stop } from './swarm/scale.ts';
import { imageOf, toObject, variable } from './swarm/state.ts';
import { isRunning, isWished, tasksOf } from './swarm/tasks.ts';
import { viewOf } from './swarm/view.ts';

export interface SwarmOptions extends DockerAddress, ChangeOptions {}

/** Docker Swarm, through one of its managers: one service per connector, started and stopped by its number of replicas. */
export function swarm(options: SwarmOptions): Runtime {
  const docker = connect(options);
  const api = makeApi(docker, options.timeoutMs);
  const known = images(api);
  const place = { api, images: known, options };
  const { auth } = options;
  const counted = restarts();

  const objectsOf = async (services: readonly Service[], signal: AbortSignal): Promise<readonly RuntimeObject[]> => {
    const { tasks, lost } = await viewOf(api, services, signal);
    return services.map((s) => toObject(s, tasks, counted.count(s, tasksOf(s, tasks), Date.now()), lost));
  };
  /** Something under a name that no label of this connector brought up. */
  const holderOf = async (
    name: string,
    variableId: string,
    signal: AbortSignal,
  ): Promise<RuntimeObject | undefined> => {
    const service = await byName(api, name, signal);
    if (service === undefined) return undefined;
    const labels = labelsOf(service);
    const ours = labels[connectorLabel] !== undefined || labels[managerLabel] !== undefined;
    const runs = !ours && idVariables.some((id) => variable(service, id) === variableId);
    const [o] = await objectsOf([service], signal);
    return o === undefined || !runs ? o : { ...o, runsConnector: true };
  };
  /** Everything an abort or a surprise turns up becomes a `Problem` or the abort's reason. */
  const guarded = async <T>(signal: AbortSignal, work: () => Promise<T>): Promise<T> => {
    signal.throwIfAborted();
    try {
      return await work();
    } catch (error) {
      throw error instanceof Problem ? error : unavailable(error, signal);
    }
  };
  const bounded = (signal: AbortSignal): AbortSignal =>
    AbortSignal.any([signal, AbortSignal.timeout(options.timeoutMs)]);

  return {
    kind: 'swarm',
    engine: (signal) => guarded(signal, () => engine(api, signal)),
    list: (managerIds, signal) =>
      guarded(signal, async () => {
        const services = await managed(api, managerIds, signal);
        counted.keep(new Set(services.map((s) => s.ID)));
        return objectsOf(services, signal);
      }),
    find: ({ connectorId, variableId, names }, signal) =>
      guarded(signal, async () => {
        const services = await api.services({ label: [`${connectorLabel}=${connectorId}`] }, signal);
        const found = [...(await objectsOf(services, signal))];
        // Names matter only where labels do not settle it, and the second one only where the first is taken.
        if (found.some((o) => names.includes(o.name))) return found;
        for (const name of new Set(names.filter((n) => n !== ''))) {
          const holder = await holderOf(name, variableId, signal);
          if (holder === undefined) break;
          found.push(holder);
        }
        return found;
      }),
    pull: (image, policy, by, progress, signal) =>
      guarded(signal, () => {
        progress(`asking the registry about ${image}`);
        return known.resolve(image, policy, by, bounded(signal));
      }),
    deploy: (spec, up, signal) => guarded(signal, () => deploy(place, spec, up, signal)),
    refresh: (spec, current, up, signal) => guarded(signal, () => refresh(place, spec, current, up, signal)),
    start: (ref, signal) => guarded(signal, () => start(api, auth, ref, signal)),
    // The node kills what does not end within the grace period, so there is nothing to force.
    stop: (ref, _force, signal) => guarded(signal, () => stop(api, auth, ref, signal)),
    unpause: (_ref, signal) => {
      signal.throwIfAborted();
      return Promise.resolve();
    },
    rename: (_ref, name, signal) => {
      signal.throwIfAborted();
      return Promise.reject(
        permanent('NameConflict', `a service cannot be renamed to "${name}"; its next replacement has the new name`),
      );
    },
    remove: (ref, signal) => guarded(signal, () => vanish(api, auth, ref, signal)),
    logs: (ref, o, signal) => guarded(signal, () => tailLogs(api, ref, o, options.timeoutMs, signal)),
    events: (managerIds, onOpen, signal) => swarmEvents(api, managerIds, onOpen, signal),
    follow: (ref, tail, signal) => followLogs(api, ref, tail, signal),
    runningDigest: (ref, signal) =>
      guarded(signal, async () => {
        const service = await api.service(ref, signal);
        if (service === undefined) return undefined;
        const { imageDigest } = imageOf(service);
        if (imageDigest !== undefined) return imageDigest;
        // Deployed by its tag alone: the container tells, where it runs on this very node.
        const tasks = tasksOf(service, await api.tasks([service.ID], signal));
        const container = tasks.findLast((t) => isRunning(t) && isWished(t))?.Status?.ContainerStatus?.ContainerID;
        return container === undefined ? undefined : runningDigest(docker, container, bounded(signal));
      }),
    availableDigest: (image, by, signal) => guarded(signal, () => availableDigest(docker, image, by, bounded(signal))),
    close: () => counted.keep(new Set()),
  };
}
