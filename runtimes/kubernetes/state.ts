import type { ObjectState, RuntimeObject } from '../../model/connector.ts';
import { hashVariable, specHashLabel } from '../../model/labels.ts';
import { refOf } from './names.ts';
import type { ContainerStatus, Deployment, Pod } from './objects.ts';
import { chosenPod, containerName, isCurrent, isLeaving, isOver, lostBecause, podsOf, statusOf } from './pods.ts';

/** Reasons to wait that do not pass by themselves: image or configuration are wrong, or cannot be had. */
const stuck = new Set([
  'ErrImagePull',
  'ImagePullBackOff',
  'InvalidImageName',
  'ErrImageNeverPull',
  'ImageInspectError',
  'RegistryUnavailable',
  'SignatureValidationFailed',
  'CreateContainerConfigError',
  'CreateContainerError',
  'RunContainerError',
]);

/** What one look at a Deployment and its pods tells. */
export interface Standing {
  readonly state: ObjectState;
  readonly reason?: string;
  /** The state cannot be known, and why. */
  readonly unknown?: string;
  /** An image or container configuration stands in the way. */
  readonly stuck?: string;
}

/** The true state: what the connector's container does, not how many replicas are wished for. */
export function standing(d: Deployment, pods: readonly Pod[], now: number): Standing {
  const leaving = podsOf(d, pods).filter((p) => isLeaving(p) && !isOver(p));
  const pod = chosenPod(d, pods);
  if ((d.spec.replicas ?? 1) === 0) {
    if (pod !== undefined) return between('the pod is about to be stopped', lostBecause(pod, now));
    return leaving[0] === undefined ? { state: 'down' } : stopping(leaving[0], now);
  }
  if (pod === undefined) {
    const failed = d.status?.conditions?.find((c) => c.type === 'ReplicaFailure' && c.status === 'True');
    if (failed !== undefined) return { state: 'failed', reason: words(failed.reason, failed.message) };
    return leaving[0] === undefined ? between('no pod yet') : stopping(leaving[0], now);
  }
  const lost = lostBecause(pod, now);
  if (lost !== undefined) return between(lost, lost);
  const container = statusOf(pod, containerName(d));
  // The rollout of a change has not reached it: what runs is what was wanted before.
  if (!isCurrent(d, pod) && (d.metadata.generation ?? 0) > (d.status?.observedGeneration ?? 0))
    return between('the change is being rolled out');
  return ofContainer(pod, container);
}

const between = (reason: string, unknown?: string): Standing => ({
  state: 'transitional',
  reason,
  ...(unknown === undefined ? {} : { unknown }),
});

const stopping = (pod: Pod, now: number): Standing => between('the pod is being stopped', lostBecause(pod, now));

function ofContainer(pod: Pod, container: ContainerStatus | undefined): Standing {
  const { state } = container ?? {};
  if (state?.running !== undefined) return { state: 'running' };
  if (state?.terminated !== undefined)
    return { state: 'down', reason: words(state.terminated.reason, state.terminated.message) };
  const waits = [...(pod.status?.initContainerStatuses ?? []), ...(container === undefined ? [] : [container])]
    .map((s) => s.state?.waiting)
    .find((w) => w !== undefined && w.reason !== 'PodInitializing');
  const reason = waits?.reason ?? '';
  if (reason === 'CrashLoopBackOff') return { state: 'down', reason: words(reason, waits?.message) };
  if (stuck.has(reason)) {
    const text = words(reason, waits?.message);
    return { state: 'failed', reason: text, stuck: text };
  }
  if (['Failed', 'Succeeded'].includes(pod.status?.phase ?? ''))
    return { state: 'down', reason: words(pod.status?.reason, pod.status?.message) };
  const unplaced = pod.status?.conditions?.find((c) => c.type === 'PodScheduled' && c.status === 'False');
  return between(
    unplaced !== undefined
      ? words(unplaced.reason, unplaced.message)
      : reason === ''
        ? 'the pod is pending'
        : words(reason, waits?.message),
  );
}

const words = (reason: string | undefined, message: string | undefined): string =>
  [reason, message]
    .filter((t) => t !== undefined && t !== '')
    .join(': ')
    .replaceAll(/\s+/g, ' ')
    .slice(0, 300);

/** A Deployment as Cadenza sees objects. `restarts`: ends of its processes over all its pods. */
export function toObject(d: Deployment, pods: readonly Pod[], restarts: number, now: number): RuntimeObject {
  const { state, reason, unknown } = standing(d, pods, now);
  const own = d.spec.template.spec.containers.find((c) => c.name === containerName(d));
  const annotations = d.metadata.annotations ?? {};
  const variable = own?.env?.find((v) => v.name === hashVariable)?.value;
  const contractHash = annotations[hashVariable] ?? variable;
  const specHash = annotations[specHashLabel];
  const pod = chosenPod(d, pods);
  const status = pod === undefined ? undefined : statusOf(pod, containerName(d));
  const createdAt = d.metadata.creationTimestamp;
  const tried = (d.spec.replicas ?? 1) > 0 && state !== 'running';
  return {
    ref: refOf(d.metadata),
    name: d.metadata.name,
    labels: { ...d.metadata.labels, ...(specHash === undefined ? {} : { [specHashLabel]: specHash }) },
    state,
    runtimeRestarts: restarts,
    ...(tried ? { retried: true } : {}),
    ...(unknown === undefined ? {} : { unknown }),
    ...(contractHash === undefined ? {} : { contractHash }),
    ...(specHash === undefined ? {} : { specHash }),
    ...(reason === undefined || reason === '' ? {} : { reason }),
    ...(own?.image === undefined ? {} : { image: own.image }),
    ...(createdAt === undefined ? {} : { createdAt }),
    ...(pod?.metadata.uid === undefined ? {} : { instance: pod.metadata.uid }),
    ...processOf(status),
  };
}

/** The running process, and the last one that ended. */
function processOf(
  status: ContainerStatus | undefined,
): Pick<RuntimeObject, 'startedAt' | 'finishedAt' | 'exitCode' | 'oomKilled' | 'imageDigest'> {
  const ended = status?.state?.terminated ?? status?.lastState?.terminated;
  const startedAt = status?.state?.running?.startedAt ?? ended?.startedAt;
  return {
    ...(startedAt === undefined ? {} : { startedAt }),
    ...(ended === undefined ? {} : { exitCode: ended.exitCode, oomKilled: ended.reason === 'OOMKilled' }),
    ...(ended?.finishedAt === undefined ? {} : { finishedAt: ended.finishedAt }),
    ...(status?.imageID === undefined || status.imageID === '' ? {} : { imageDigest: status.imageID }),
  };
}
