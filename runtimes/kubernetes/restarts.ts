import type { Deployment, Pod } from './objects.ts';
import { chosenPod, containerName, endsOf, statusOf } from './pods.ts';

/**
 * Ends of a Deployment's processes over all its pods: a new pod counts from zero, the sum does not. Kept in memory from
 * the listings; after a worker's restart it begins anew with the pod at hand.
 */
export interface Restarts {
  count(deployment: Deployment, pods: readonly Pod[]): number;
  /** Forgets Deployments that are no longer there. */
  keep(uids: ReadonlySet<string>): void;
}

export function restarts(): Restarts {
  const seen = new Map<string, { before: number; pod: string; ends: number }>();
  return {
    count(deployment, pods) {
      const uid = deployment.metadata.uid ?? '';
      const pod = chosenPod(deployment, pods);
      const status = pod === undefined ? undefined : statusOf(pod, containerName(deployment));
      const known = seen.get(uid);
      if (pod?.metadata.uid === undefined || status === undefined) return (known?.before ?? 0) + (known?.ends ?? 0);
      const ends = endsOf(status);
      const next =
        known === undefined
          ? { before: 0, pod: pod.metadata.uid, ends }
          : known.pod === pod.metadata.uid
            ? // A listing that was overtaken by a newer one takes nothing back.
              { ...known, ends: Math.max(known.ends, ends) }
            : { before: known.before + known.ends, pod: pod.metadata.uid, ends };
      seen.set(uid, next);
      return next.before + next.ends;
    },
    keep(uids) {
      for (const uid of seen.keys()) if (!uids.has(uid)) seen.delete(uid);
    },
  };
}
