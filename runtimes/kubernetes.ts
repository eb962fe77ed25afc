import { Problem, permanent, retryable } from '../model/errors.ts';
import { connectorLabel, idVariables, managerLabel } from '../model/labels.ts';
import type { RuntimeObject } from '../model/connector.ts';
import { api as makeApi } from './kubernetes/api.ts';
import { type Found, cluster, connectorSelector, managerSelector } from './kubernetes/cluster.ts';
import { type ClusterAddress, connect } from './kubernetes/connect.ts';
import { type ChangeOptions, deploy, orThrow } from './kubernetes/deploy.ts';
import { engine } from './kubernetes/engine.ts';
import { refused, unavailable } from './kubernetes/errors.ts';
import { clusterEvents } from './kubernetes/events.ts';
import { followLogs, tailLogs } from './kubernetes/logs.ts';
import type { Deployment } from './kubernetes/objects.ts';
import { containerName, podSelector } from './kubernetes/pods.ts';
import { refresh } from './kubernetes/refresh.ts';
import { vanish } from './kubernetes/remove.ts';
import { restarts } from './kubernetes/restarts.ts';
import { untilDown, untilUp } from './kubernetes/settle.ts';
import { toObject } from './kubernetes/state.ts';
import { registryDigest } from './registry.ts';
import type { Runtime } from './runtime.ts';

export interface KubernetesOptions extends ClusterAddress, ChangeOptions {}

/** A start by itself is waited for this long (ms); the kubelet goes on, and looks tell what becomes of it. */
const startPatience = { stuck: 20_000, late: 60_000 };
/** Above every ordinary grace period, below what a step may take (ms). */
const stopTime = 120_000;

/** Kubernetes: one Deployment per connector, started and stopped by its number of replicas. */
export function kubernetes(options: KubernetesOptions): Runtime {
  const connection = connect(options);
  const api = makeApi(connection, options.timeoutMs);
  const c = cluster(api, connection.namespace);
  const counted = restarts();
  const objectOf = (d: Deployment, pods: Found['pods']): RuntimeObject =>
    toObject(d, pods, counted.count(d, pods), Date.now());

  /** Something under a name that no label of this connector brought up. */
  const holderOf = async (
    name: string,
    variableId: string,
    signal: AbortSignal,
  ): Promise<RuntimeObject | undefined> => {
    const d = await c.get(name, signal);
    if (d === undefined) return undefined;
    const selector = podSelector(d);
    const o = objectOf(d, selector === '' ? [] : await c.pods(selector, signal));
    const ours = o.labels[connectorLabel] !== undefined || o.labels[managerLabel] !== undefined;
    const container = d.spec.template.spec.containers.find((x) => x.name === containerName(d));
    const runs = (container?.env ?? []).some((v) => idVariables.includes(v.name) && v.value === variableId);
    return !ours && runs ? { ...o, runsConnector: true } : o;
  };
  const toScale = async (ref: string, replicas: 0 | 1, signal: AbortSignal): Promise<Deployment | undefined> => {
    const d = await c.byRef(ref, signal);
    if (d === undefined) return undefined;
    if ((d.spec.replicas ?? 1) > 0 === replicas > 0) return d;
    try {
      await c.scale(d.metadata.name, replicas, signal);
    } catch (error) {
      throw refused(error, `scaling of Deployment "${d.metadata.name}"`, signal);
    }
    return d;
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

  return {
    kind: 'kubernetes',
    engine: (signal) => guarded(signal, () => engine(api, connection.namespace, signal)),
    list: (managerIds, signal) =>
      guarded(signal, async () => {
        const { deployments, pods } = await c.find(managerSelector(managerIds), signal);
        counted.keep(new Set(deployments.map((d) => d.metadata.uid ?? '')));
        return deployments.map((d) => objectOf(d, pods));
      }),
    find: ({ connectorId, variableId, names }, signal) =>
      guarded(signal, async () => {
        const { deployments, pods } = await c.find(connectorSelector(connectorId), signal);
        const found = deployments.map((d) => objectOf(d, pods));
        // Names matter only where labels do not settle it, and the second one only where the first is taken.
        if (found.some((o) => names.includes(o.name))) return found;
        for (const name of new Set(names.filter(isName))) {
          const holder = await holderOf(name, variableId, signal);
          if (holder === undefined) break;
          found.push(holder);
        }
        return found;
      }),
    // The kubelet of the pod's node pulls, by daemon.kubernetes.image_pull_policy.
    pull: (_image, _policy, _auth, _progress, signal) => {
      signal.throwIfAborted();
      return Promise.resolve();
    },
    deploy: (spec, start, signal) => guarded(signal, () => deploy(c, options, spec, start, signal)),
    refresh: (spec, current, start, signal) => guarded(signal, () => refresh(c, options, spec, current, start, signal)),
    start: (ref, signal) =>
      guarded(signal, async () => {
        const d = await toScale(ref, 1, signal);
        if (d === undefined) throw retryable('StartFailed', 'the Deployment is gone; looking again');
        orThrow(await untilUp(c, d.metadata.name, startPatience, signal));
      }),
    // The kubelet kills what does not end within the grace period, so there is nothing to force.
    stop: (ref, _force, signal) =>
      guarded(signal, async () => {
        const d = await toScale(ref, 0, signal);
        if (d === undefined || (await untilDown(c, d, stopTime, signal))) return;
        throw retryable('StopFailed', 'the pod does not end; look at its grace period, finalizers and node');
      }),
    unpause: (_ref, signal) => {
      signal.throwIfAborted();
      return Promise.resolve();
    },
    rename: (_ref, name, signal) => {
      signal.throwIfAborted();
      return Promise.reject(
        permanent('NameConflict', `a Deployment cannot be renamed to "${name}"; its next replacement has the new name`),
      );
    },
    remove: (ref, signal) => guarded(signal, () => vanish(c, ref, signal)),
    logs: (ref, o, signal) => guarded(signal, () => tailLogs(api, c, ref, o, signal)),
    events: (managerIds, onOpen, signal) => {
      const selector = managerSelector(managerIds);
      if (selector === undefined)
        throw permanent('InvalidConfiguration', 'manager.id must be a valid label value on Kubernetes (at most 63)');
      return clusterEvents(api, { pods: c.podsPath, deployments: c.deploymentsPath, selector }, onOpen, signal);
    },
    follow: (ref, tail, signal) => followLogs(api, c, ref, tail, signal),
    runningDigest: (ref, signal) =>
      guarded(signal, async () => {
        const d = await c.byRef(ref, signal);
        if (d === undefined) return undefined;
        const { imageDigest } = objectOf(d, await c.pods(podSelector(d), signal));
        return imageDigest?.split('@')[1];
      }),
    // No cluster asks a registry on anybody's behalf.
    availableDigest: (image, auth, signal) =>
      registryDigest(image, auth, AbortSignal.any([signal, AbortSignal.timeout(options.timeoutMs)])),
    close: () => connection.close(),
  };
}

/** What the API would not take for a name holds no object. */
const isName = (name: string): boolean => /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/.test(name);
