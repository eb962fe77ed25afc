import type { Cluster } from './cluster.ts';
import type { Deployment, PodTemplate, ReplicaSet } from './objects.ts';
import { deployedAtAnnotation } from './deployment.ts';
import { hashVariable } from '../../model/labels.ts';
import { podSelector } from './pods.ts';
import { untilUp } from './settle.ts';

/** The way back has its own time, also after an abort (ms). */
const restoreTime = 90_000;

const revision = (r: ReplicaSet): number =>
  Number(r.metadata.annotations?.['deployment.kubernetes.io/revision'] ?? '0');

/** The template of the newest ReplicaSet that is not of the present one. */
export async function previousTemplate(
  c: Cluster,
  live: Deployment,
  signal: AbortSignal,
): Promise<PodTemplate | undefined> {
  const marks = (t: PodTemplate): string =>
    [hashVariable, deployedAtAnnotation].map((a) => t.metadata?.annotations?.[a] ?? '').join(' ');
  const all = await c.replicaSets(podSelector(live), signal);
  const [newest] = all
    .filter((r) => (r.metadata.ownerReferences ?? []).some((o) => o.uid === live.metadata.uid))
    .filter((r) => marks(r.spec.template) !== marks(live.spec.template))
    .toSorted((a, b) => revision(b) - revision(a));
  return newest?.spec.template;
}

/** Puts a template back as it was, with its pod if there was one; its Secrets are still there. */
export async function restore(c: Cluster, live: Deployment, template: PodTemplate): Promise<void> {
  const signal = AbortSignal.timeout(restoreTime);
  const { 'pod-template-hash': _ofReplicaSet, ...labels } = template.metadata?.labels ?? {};
  const old = { ...template, metadata: { ...template.metadata, labels } };
  await c.patch(
    live.metadata.name,
    [
      { op: 'test', path: '/metadata/uid', value: live.metadata.uid },
      { op: 'replace', path: '/spec/template', value: old },
      { op: 'replace', path: '/spec/replicas', value: live.spec.replicas ?? 1 },
    ],
    'application/json-patch+json',
    signal,
  );
  if ((live.spec.replicas ?? 1) === 0) return;
  await untilUp(c, live.metadata.name, { stuck: restoreTime / 3, late: restoreTime / 2 }, signal);
}
