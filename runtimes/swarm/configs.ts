import { createHash } from 'node:crypto';
import { permanent } from '../../model/errors.ts';
import { managerLabel, platformLabel } from '../../model/labels.ts';
import { statusOf } from '../docker/errors.ts';
import type { Spec } from '../runtime.ts';
import type { Api } from './api.ts';
import { unavailable } from './errors.ts';
import type { ConfigReference, Service, SwarmConfig } from './objects.ts';

/** The CA bundle as a Swarm config: the nodes put it into the containers, none of them needs a file of the worker's. */

const prefix = 'xtm-proxy-ca-';
const file = { Name: '/etc/ssl/certs/xtm-proxy-ca.crt', UID: '0', GID: '0', Mode: 0o444 };
/** What the oldest engines take for a config (bytes). */
const largest = 500_000;

/** Content cannot change, hence its hash in the name. */
export const caName = (platform: string, bundle: string): string =>
  `${prefix}${platform}-${createHash('sha256').update(bundle).digest('hex').slice(0, 16)}`;

/** The config with this spec's bundle, made when it is not there. Throws `CreateRefused`. */
export async function ensureCa(api: Api, spec: Spec, signal: AbortSignal): Promise<ConfigReference | undefined> {
  const { caBundle: bundle, labels } = spec;
  if (bundle === undefined) return undefined;
  const size = Buffer.byteLength(bundle);
  if (size > largest)
    throw permanent('CreateRefused', `the CA bundle has ${size} bytes, and a Swarm config at most ${largest}`);
  const name = caName(labels[platformLabel] ?? '', bundle);
  const data = Buffer.from(bundle).toString('base64');
  const existing = await named(api, name, signal);
  if (existing !== undefined) return sameOrThrow(existing, data);
  const kept = Object.entries(labels).filter(([key]) => key === managerLabel || key === platformLabel);
  try {
    const made = await api.createConfig({ Name: name, Labels: Object.fromEntries(kept), Data: data }, signal);
    return { ConfigID: made.ID, ConfigName: name, File: file };
  } catch (error) {
    // Another connector's deploy was faster.
    const other = statusOf(error) === 409 ? await named(api, name, signal) : undefined;
    if (other === undefined) throw unavailable(error, signal);
    return sameOrThrow(other, data);
  }
}

const named = async (api: Api, name: string, signal: AbortSignal): Promise<SwarmConfig | undefined> =>
  (await api.configs({ name: [name] }, signal)).find((c) => c.Spec.Name === name);

function sameOrThrow(config: SwarmConfig, data: string): ConfigReference {
  if (config.Spec.Data !== data)
    throw permanent(
      'CreateRefused',
      `the Swarm config "${config.Spec.Name}" has another content; remove it (docker config rm)`,
    );
  return { ConfigID: config.ID, ConfigName: config.Spec.Name, File: file };
}

/** Removes the bundles this service used and no other does: the Swarm refuses to remove one that is in use. */
export async function dropUnused(api: Api, service: Service, keep: string | undefined, signal: AbortSignal) {
  const used = service.Spec.TaskTemplate.ContainerSpec?.Configs ?? [];
  for (const { ConfigID: id, ConfigName: name } of used)
    if (name.startsWith(prefix) && id !== keep) await api.removeConfig(id, signal).catch(() => undefined);
}
