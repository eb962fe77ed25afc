import { retryable } from '../../model/errors.ts';
import type { Spec } from '../runtime.ts';
import type { Cluster } from './cluster.ts';
import { type ChangeOptions, deploy, nameOf } from './deploy.ts';
import { deploymentOf } from './deployment.ts';
import { refused } from './errors.ts';
import { refOf } from './names.ts';
import type { Deployment } from './objects.ts';
import { secretNames } from './provision.ts';
import { vanish } from './remove.ts';

/**
 * For a Deployment whose selector names labels that have changed (a manager id that was migrated): a selector cannot be
 * changed, so the Deployment is made anew. A dry run under another name says first whether the new one would be taken.
 */
export async function recreate(
  c: Cluster,
  options: ChangeOptions,
  spec: Spec,
  live: Deployment,
  start: boolean,
  signal: AbortSignal,
): Promise<void> {
  const names = await secretNames(c, spec, options.registry, signal);
  const probe = deploymentOf(spec, options, { replicas: 0, deployedAt: new Date().toISOString(), ...names });
  try {
    const name = `${spec.name.slice(0, 58)}-next`;
    await c.applyDeployment({ ...probe, metadata: { ...probe.metadata, name } }, false, signal, true);
  } catch (error) {
    throw refused(error, nameOf(spec), signal);
  }
  await vanish(c, refOf(live.metadata), signal);
  try {
    await deploy(c, options, spec, start, signal);
  } catch (error) {
    if (signal.aborted) throw error;
    throw retryable(
      'StartFailed',
      `the Deployment had to be made anew because its selector cannot change: ${error instanceof Error ? error.message : ''}`,
    );
  }
}
