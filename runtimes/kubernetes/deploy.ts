import { Problem, permanent, retryable } from '../../model/errors.ts';
import { connectorLabel, hashVariable, specHashLabel } from '../../model/labels.ts';
import type { Spec } from '../runtime.ts';
import type { Cluster } from './cluster.ts';
import { type DeploymentOptions, type Placement, deployedAtAnnotation, deploymentOf } from './deployment.ts';
import { refused } from './errors.ts';
import { refOf } from './names.ts';
import type { Deployment } from './objects.ts';
import { type RegistryOptions, secretNames, writeSecrets } from './provision.ts';
import { type Settled, untilUp } from './settle.ts';

export interface ChangeOptions extends DeploymentOptions {
  readonly registry: RegistryOptions;
  /** How long a new pod may stay without running (ms). */
  readonly startTimeout: number;
}

/** A first start is given this long (ms); after that the kubelet goes on by itself, and looks tell what becomes of it. */
const firstPatience = 60_000;
/** Image errors of a first start are told after this time (ms): the first one may be a registry that was just busy. */
const firstStuck = 20_000;
/** A failed creation is cleared away also after an abort; this long (ms). */
const undoTime = 30_000;

export const nameOf = (spec: Spec): string => `Deployment "${spec.name}"`;

/** Carries both hashes of the spec, on itself and on its pods: nothing of it is still to be confirmed. */
export function isSame(d: Deployment, spec: Spec): boolean {
  const a = d.metadata.annotations ?? {};
  return (
    d.metadata.labels?.[connectorLabel] === spec.connectorId &&
    a[hashVariable] === spec.contractHash &&
    a[specHashLabel] === spec.specHash
  );
}

/**
 * Creates a Deployment without pods, then its Secrets, which need it as their owner, then lets it have its pod. An
 * earlier attempt is completed; anything else under the name is left alone.
 */
export async function deploy(
  c: Cluster,
  options: ChangeOptions,
  spec: Spec,
  start: boolean,
  signal: AbortSignal,
): Promise<void> {
  const existing = await c.get(spec.name, signal);
  if (existing !== undefined && !isSame(existing, spec))
    throw permanent('NameConflict', `the Deployment name "${spec.name}" is taken`);
  const names = await secretNames(c, spec, options.registry, signal);
  const deployedAt = existing?.spec.template.metadata?.annotations?.[deployedAtAnnotation] ?? new Date().toISOString();
  const wanted = (replicas: 0 | 1): Deployment => {
    const place: Placement = { replicas, deployedAt, ...names };
    return deploymentOf(spec, options, existing === undefined ? place : { ...place, selector: existing.spec.selector });
  };
  let made: Deployment;
  try {
    // Without force: fields that somebody else holds mean that the name was taken a moment ago.
    made = existing ?? (await c.applyDeployment(wanted(0), false, signal));
  } catch (error) {
    throw refused(error, nameOf(spec), signal);
  }
  try {
    await writeSecrets(c, spec, options.registry, names, made, signal);
    await c.applyDeployment(wanted(start || (existing?.spec.replicas ?? 0) > 0 ? 1 : 0), true, signal);
  } catch (error) {
    if (existing === undefined)
      await c.remove(refOf(made.metadata), AbortSignal.timeout(undoTime)).catch(() => undefined);
    throw refused(error, nameOf(spec), signal);
  }
  if (start) orThrow(await untilUp(c, spec.name, { stuck: firstStuck, late: firstPatience }, signal));
}

/** A start that came to nothing, in words; one that still may come to something is no error. */
export function orThrow(settled: Settled): void {
  if (settled.kind === 'gone') throw retryable('StartFailed', 'the Deployment was removed while it was being started');
  if (settled.kind === 'stuck') throw stuckProblem(settled.reason);
}

export const stuckProblem = (reason: string): Problem =>
  retryable(
    /Image|Registry|Signature/.test(reason) ? 'ImagePull' : 'StartFailed',
    `the pod cannot be started: ${reason}`,
  );
