import { connectorLabel } from '../../model/labels.ts';
import type { RegistryAuth, Spec } from '../runtime.ts';
import { type Cluster, connectorSelector, ownerOf } from './cluster.ts';
import type { Placement } from './deployment.ts';
import { unavailable } from './errors.ts';
import { caSecretName, registrySecretName } from './names.ts';
import type { Deployment } from './objects.ts';
import { caSecret, componentLabel, envComponent, envSecret, ownedBy, registrySecret } from './secrets.ts';

/** Where the registry's credentials are, and how their Secret is called. */
export interface RegistryOptions {
  /** Credentials for this reference, if it is on the configured registry. */
  readonly auth: (image: string) => RegistryAuth | undefined;
  /** Keeps the Secrets of two platforms apart that use one registry with different credentials. */
  readonly suffix: string;
}

export type SecretNames = Pick<Placement, 'envSecret' | 'caSecret' | 'registrySecret'>;

/** Which Secrets a connector's pods will name. Reads only. */
export async function secretNames(
  c: Cluster,
  spec: Spec,
  registry: RegistryOptions,
  signal: AbortSignal,
): Promise<SecretNames> {
  const env = envSecret(spec)?.metadata.name;
  const auth = registry.auth(spec.image);
  const ca = spec.caBundle === undefined ? undefined : await caName(c, spec, signal);
  return {
    ...(env === undefined ? {} : { envSecret: env }),
    ...(ca === undefined ? {} : { caSecret: ca }),
    ...(auth === undefined ? {} : { registrySecret: registrySecretName(auth.server, registry.suffix) }),
  };
}

/** The usual name, unless it is another connector's after being cut. */
async function caName(c: Cluster, spec: Spec, signal: AbortSignal): Promise<string> {
  const usual = caSecretName(spec.name, spec.connectorId);
  const owner = (await c.secret(usual, signal))?.metadata.labels?.[connectorLabel];
  return caSecretName(spec.name, spec.connectorId, owner !== undefined && owner !== spec.connectorId);
}

/** Writes them, owned by the Deployment, so that they go with it. Applied, never deleted first: no pod finds one missing. */
export async function writeSecrets(
  c: Cluster,
  spec: Spec,
  registry: RegistryOptions,
  names: SecretNames,
  deployment: Deployment,
  signal: AbortSignal,
): Promise<void> {
  const owner = ownerOf(deployment);
  const env = envSecret(spec);
  if (env !== undefined) await c.applySecret(ownedBy(env, owner), signal);
  if (spec.caBundle !== undefined && names.caSecret !== undefined)
    await c.applySecret(ownedBy(caSecret(spec, names.caSecret, spec.caBundle), owner), signal);
  const auth = registry.auth(spec.image);
  if (auth === undefined || names.registrySecret === undefined) return;
  await c.applySecret(registrySecret(spec, names.registrySecret, auth), signal);
  await c.addOwner(names.registrySecret, owner, signal);
}

/** Once a rollout is confirmed, the values of earlier ones are of no use. */
export async function pruneSecrets(
  c: Cluster,
  deployment: Deployment,
  connectorId: string,
  keep: string | undefined,
  signal: AbortSignal,
): Promise<void> {
  const ofConnector = connectorSelector(connectorId);
  if (ofConnector === undefined) return;
  const all = await c.secrets(`${ofConnector},${componentLabel}=${envComponent}`, signal);
  const { uid } = deployment.metadata;
  const mine = all.filter((s) => (s.metadata.ownerReferences ?? []).some((o) => o.uid === uid));
  for (const { metadata } of mine)
    if (metadata.name !== keep)
      await c.removeSecret(metadata.name, signal).catch((error: unknown) => {
        throw unavailable(error, signal);
      });
}
