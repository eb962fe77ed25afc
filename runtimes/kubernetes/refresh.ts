import { Problem, permanent, retryable } from '../../model/errors.ts';
import { hashVariable, specHashLabel } from '../../model/labels.ts';
import type { Spec } from '../runtime.ts';
import type { Cluster } from './cluster.ts';
import { type ChangeOptions, deploy, isSame, nameOf } from './deploy.ts';
import { type Placement, deployedAtAnnotation, deploymentOf, hashAnnotations } from './deployment.ts';
import { isSelectorRefusal, refused } from './errors.ts';
import type { Deployment } from './objects.ts';
import { pruneSecrets, secretNames, writeSecrets } from './provision.ts';
import { move } from './move.ts';
import { recreate } from './recreate.ts';
import { previousTemplate, restore } from './restore.ts';
import { untilUp } from './settle.ts';

/**
 * Gives a Deployment a new template. Its own annotations keep the hashes of before until a pod of the new template has
 * run, so that an interruption at any point is seen as a change that is still to be made, and is taken up where it was.
 * A template whose pod cannot be started is replaced by the one before.
 */
export async function refresh(
  c: Cluster,
  options: ChangeOptions,
  spec: Spec,
  current: string,
  start: boolean,
  signal: AbortSignal,
): Promise<void> {
  const live = await c.byRef(current, signal);
  if (live === undefined) {
    // An earlier attempt may have come as far as a new object.
    const made = await c.get(spec.name, signal);
    if (made !== undefined && isSame(made, spec)) return deploy(c, options, spec, start, signal);
    throw permanent('NameConflict', 'the Deployment to replace is gone; looking again');
  }
  if (live.metadata.name !== spec.name) return move(c, options, spec, live, start, signal);
  const names = await secretNames(c, spec, options.registry, signal);
  const begun = isBegun(live, spec);
  const place: Placement = {
    replicas: start ? 1 : 0,
    deployedAt: (begun ? deployedAtOf(live) : undefined) ?? new Date().toISOString(),
    selector: live.spec.selector,
    ...names,
  };
  const before = { ...place, hashes: hashesOf(live) };
  try {
    await writeSecrets(c, spec, options.registry, names, live, signal);
    await c.takeOver(live, signal);
    const next = deploymentOf(spec, options, before);
    await dropRollingUpdate(c, live, next, signal);
    await c.applyDeployment(next, true, signal);
  } catch (error) {
    if (isSelectorRefusal(error)) return recreate(c, options, spec, live, start, signal);
    throw refused(error, nameOf(spec), signal);
  }
  if (start) {
    const settled = await untilUp(c, spec.name, { stuck: options.startTimeout, late: options.startTimeout }, signal);
    if (settled.kind === 'gone') throw permanent('NameConflict', 'the Deployment was removed meanwhile; looking again');
    if (settled.kind === 'stuck' || settled.kind === 'late') {
      const template = begun ? await previousTemplate(c, live, signal) : live.spec.template;
      if (template === undefined) throw retryable('StartFailed', `the new pod cannot be started: ${settled.reason}`);
      await restore(c, live, template);
      throw retryable('SwapUndone', `the new pod could not be started and the old one is back: ${settled.reason}`);
    }
  }
  try {
    await c.applyDeployment(deploymentOf(spec, options, { ...place, hashes: hashAnnotations(spec) }), true, signal);
    await pruneSecrets(c, live, spec.connectorId, names.envSecret, signal);
  } catch (error) {
    if (error instanceof Problem) throw error;
    throw refused(error, nameOf(spec), signal);
  }
}

const deployedAtOf = (d: Deployment): string | undefined =>
  d.spec.template.metadata?.annotations?.[deployedAtAnnotation];

/** The template is the wanted one already, only nobody has seen a pod of it run. */
function isBegun(live: Deployment, spec: Spec): boolean {
  const template = live.spec.template.metadata?.annotations ?? {};
  const wanted = hashAnnotations(spec);
  return !isSame(live, spec) && Object.entries(wanted).every(([key, value]) => template[key] === value);
}

/** What the Deployment says of itself; that of XTM Composer's may stand in its variables only. */
function hashesOf(live: Deployment): Readonly<Record<string, string>> {
  const own = live.metadata.annotations ?? {};
  const variables = live.spec.template.spec.containers.flatMap((x) => x.env ?? []);
  const contract = own[hashVariable] ?? variables.find((v) => v.name === hashVariable)?.value;
  const spec = own[specHashLabel];
  return {
    ...(contract === undefined ? {} : { [hashVariable]: contract }),
    ...(spec === undefined ? {} : { [specHashLabel]: spec }),
  };
}

/** The defaults of the other strategy would be left over, and the server refuses them beside `Recreate`. */
async function dropRollingUpdate(c: Cluster, live: Deployment, next: Deployment, signal: AbortSignal): Promise<void> {
  if (next.spec.strategy?.type !== 'Recreate' || live.spec.strategy?.type === 'Recreate') return;
  await c.patch(
    live.metadata.name,
    { metadata: { uid: live.metadata.uid }, spec: { strategy: { type: 'Recreate', rollingUpdate: null } } },
    'application/merge-patch+json',
    signal,
  );
}
