import { hashVariable } from '../../model/labels.ts';
import { deployedAtAnnotation } from './deployment.ts';
import type { ContainerStatus, Deployment, Pod } from './objects.ts';

/** Time a terminating pod may take beyond its grace period before its node counts as lost (ms). */
const overdue = 60_000;

/** The pods a Deployment made, by its ReplicaSets' names: two Deployments of one connector have equal labels. */
export const podsOf = (deployment: Deployment, pods: readonly Pod[]): readonly Pod[] =>
  pods.filter((p) =>
    (p.metadata.ownerReferences ?? []).some(
      (o) =>
        o.kind === 'ReplicaSet' &&
        o.name.startsWith(`${deployment.metadata.name}-`) &&
        !o.name.slice(deployment.metadata.name.length + 1).includes('-'),
    ),
  );

/** What selects a Deployment's pods on the server. */
export const podSelector = (d: Deployment): string =>
  Object.entries(d.spec.selector.matchLabels ?? {})
    .map(([key, value]) => `${key}=${value}`)
    .join(',');

export const isLeaving = (p: Pod): boolean => p.metadata.deletionTimestamp !== undefined;
/** Ended for good, for example evicted; its ReplicaSet has made, or will make, another. */
export const isOver = (p: Pod): boolean => ['Failed', 'Succeeded'].includes(p.status?.phase ?? '');

/** Same template as the Deployment's present one, as far as Cadenza's own marks tell. */
export function isCurrent(deployment: Deployment, pod: Pod): boolean {
  const wanted = deployment.spec.template.metadata?.annotations ?? {};
  const has = pod.metadata.annotations ?? {};
  return [hashVariable, deployedAtAnnotation].every((a) => wanted[a] === has[a]);
}

/** The pod that stands for the Deployment: of the present template, alive, newest. */
export function chosenPod(deployment: Deployment, pods: readonly Pod[]): Pod | undefined {
  const score = (p: Pod): number => (isOver(p) ? 0 : 2) + (isCurrent(deployment, p) ? 1 : 0);
  return podsOf(deployment, pods)
    .filter((p) => !isLeaving(p))
    .toSorted((a, b) => score(b) - score(a) || age(b) - age(a) || (a.metadata.name < b.metadata.name ? -1 : 1))[0];
}

const age = (p: Pod): number => Date.parse(p.metadata.creationTimestamp ?? '') || 0;

/**
 * The connector's own container: named like the Deployment, else the one that carries the hash variable, else the only
 * one. Never simply the first: sidecars may stand in front.
 */
export function containerName(deployment: Deployment): string {
  const { containers } = deployment.spec.template.spec;
  const { name } = deployment.metadata;
  if (containers.some((c) => c.name === name)) return name;
  const own = containers.find((c) => (c.env ?? []).some((v) => v.name === hashVariable));
  return own?.name ?? (containers.length === 1 ? (containers[0]?.name ?? name) : name);
}

export const statusOf = (pod: Pod, container: string): ContainerStatus | undefined =>
  pod.status?.containerStatuses?.find((s) => s.name === container);

/** How many times the process of this container has ended; a restart under way counts as its end only. */
export const endsOf = ({ restartCount, state, lastState }: ContainerStatus): number =>
  restartCount +
  (state?.terminated !== undefined || (state?.waiting !== undefined && lastState?.terminated !== undefined) ? 1 : 0);

/** Why nobody can know what the pod does now; undefined: its node reports. */
export function lostBecause(pod: Pod, now: number): string | undefined {
  const { status, spec, metadata } = pod;
  const node = spec?.nodeName === undefined ? 'its node' : `node "${spec.nodeName}"`;
  if (status?.phase === 'Unknown' || status?.reason === 'NodeLost') return `${node} is lost`;
  // The node controller takes readiness away from the pods of a silent node; the containers' own stays.
  const condition = (type: string) => status?.conditions?.find((c) => c.type === type)?.status;
  const gated = (spec?.readinessGates ?? []).length > 0;
  if (!gated && condition('Ready') === 'False' && condition('ContainersReady') === 'True')
    return `${node} does not answer`;
  const { deletionTimestamp } = metadata;
  if (deletionTimestamp !== undefined && now - Date.parse(deletionTimestamp) > overdue)
    return `${node} does not confirm the end of the pod`;
  return undefined;
}
