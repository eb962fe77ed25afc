import { delimiter } from 'node:path';
import type { Config, PlatformConfig } from '../config/schema.ts';
import type { Platform } from '../model/connector.ts';
import { type KubernetesOptions, kubernetes } from '../runtimes/kubernetes.ts';
import { type Tree, checkedBase } from '../runtimes/kubernetes/merge.ts';
import type { RegistryAuth, Runtime } from '../runtimes/runtime.ts';

/** What `daemon.kubernetes` and its neighbours mean for the runtime. */

type Section = PlatformConfig['daemon']['kubernetes'];

/** Milliseconds for one call to the API server. */
const callTime = 30_000;

/** The operator's base, from whichever of the two keys has it. Throws `InvalidConfiguration` with the member at fault. */
export function baseDeployment(platform: Platform, section: Section): Tree | undefined {
  const key = `${platform}.daemon.kubernetes.base_deployment`;
  const { base_deployment: base, base_deployment_json: json } = section;
  if (base !== undefined) return checkedBase(base as Tree, key);
  return json === undefined ? undefined : checkedBase(JSON.parse(json) as Tree, `${key}_json`);
}

export function kubernetesOptions(
  config: Config,
  platform: Platform,
  auth: (image: string) => RegistryAuth | undefined,
  env: NodeJS.ProcessEnv,
): KubernetesOptions {
  // A list of files is merged by the library, which reads the variable by itself.
  const file = env['KUBECONFIG'] ?? '';
  const section = config[platform].daemon.kubernetes;
  const base = baseDeployment(platform, section);
  const { namespace, image_resources: resources } = section;
  return {
    ...(file === '' || file.includes(delimiter) ? {} : { kubeconfig: file }),
    ...(namespace === undefined ? {} : { namespace }),
    timeoutMs: callTime,
    startTimeout: config.manager.start_timeout * 1_000,
    pullPolicy: section.image_pull_policy,
    ...(base === undefined ? {} : { base }),
    ...(resources === undefined ? {} : { resources }),
    registry: { auth, suffix: registrySuffix(config, platform) },
  };
}

export const kubernetesRuntime = (
  config: Config,
  platform: Platform,
  auth: (image: string) => RegistryAuth | undefined,
  env: NodeJS.ProcessEnv,
): Runtime => kubernetes(kubernetesOptions(config, platform, auth, env));

/** One Secret per registry, unless two platforms come to it with different credentials. */
function registrySuffix({ opencti, openaev }: Config, platform: Platform): string {
  if (platform === 'opencti' || !opencti.enable) return '';
  const [a, b] = [opencti.daemon.registry, openaev.daemon.registry];
  return a.server === b.server && (a.username !== b.username || a.password !== b.password) ? '-openaev' : '';
}

/** What of the section the spec hash covers; defaults are left out. */
export const kubernetesHashed = (platform: Platform, section: Section): Readonly<Record<string, unknown>> => ({
  base: baseDeployment(platform, section),
  pullPolicy: section.image_pull_policy === 'IfNotPresent' ? undefined : section.image_pull_policy,
  resources: section.image_resources,
});
