import { connectorLabel } from '../../model/labels.ts';
import type { RuntimeEvent } from '../runtime.ts';
import type { ContainerStatus, Pod } from './objects.ts';

/** What was last seen of a pod's own container. */
export interface Trace {
  readonly deployment: string;
  readonly connectorId: string;
  /** Start of the process that runs; absent: none does. */
  readonly runs?: string;
  /** End of the last process. */
  readonly ended?: string;
}

/** Name of the Deployment a pod belongs to: its ReplicaSet's without the hash of the template. */
export const deploymentOfPod = (pod: Pod): string =>
  (pod.metadata.ownerReferences ?? []).find((o) => o.kind === 'ReplicaSet')?.name.replace(/-[^-]*$/, '') ?? '';

/** A pod does not say which of its containers is the connector's: the one named like the Deployment, else the only one. */
function ownStatus(pod: Pod, deployment: string): ContainerStatus | undefined {
  const all = pod.status?.containerStatuses ?? [];
  return all.find((s) => s.name === deployment) ?? (all.length === 1 ? all[0] : undefined);
}

/** What one change of a pod means; `pod` undefined: it is gone. The actions come in the order in which they happened. */
export function transition(
  before: Trace | undefined,
  pod: Pod | undefined,
): { readonly actions: readonly RuntimeEvent['action'][]; readonly trace: Trace | undefined } {
  if (pod === undefined) return { actions: before?.runs === undefined ? [] : ['die'], trace: undefined };
  const deployment = deploymentOfPod(pod);
  const status = ownStatus(pod, deployment);
  const ended = status?.state?.terminated ?? status?.lastState?.terminated;
  const runs = status?.state?.running?.startedAt;
  const trace: Trace = {
    deployment,
    connectorId: pod.metadata.labels?.[connectorLabel] ?? '',
    ...(runs === undefined ? {} : { runs }),
    ...(ended === undefined ? {} : { ended: ended.finishedAt ?? '' }),
  };
  const died = ended !== undefined && trace.ended !== before?.ended;
  const vanished = !died && before?.runs !== undefined && before.runs !== runs;
  return {
    actions: [
      ...(died && ended.reason === 'OOMKilled' ? (['oom'] as const) : []),
      ...(died || vanished ? (['die'] as const) : []),
      ...(runs !== undefined && runs !== before?.runs ? (['start'] as const) : []),
    ],
    trace,
  };
}
