import { readFileSync } from 'node:fs';
import { rootCertificates } from 'node:tls';
import type { KeyObject } from 'node:crypto';
import type { Log } from '../activities/deps.ts';
import { specHash } from '../activities/spec.ts';
import type { Config, PlatformConfig } from '../config/schema.ts';
import type { Platform } from '../model/connector.ts';
import { connectorEnvironment, connectorProxies } from '../model/environment.ts';
import { permanent } from '../model/errors.ts';
import { onServer, resolveImage } from '../model/image.ts';
import type { OrphanPolicy } from '../model/orphans.ts';
import type { Policy } from '../model/policy.ts';
import { decryptConfiguration } from '../platforms/decrypt.ts';
import { platformClient } from '../platforms/index.ts';
import type { PlatformClient } from '../platforms/platform.ts';
import { docker } from '../runtimes/docker.ts';
import type { DockerAddress } from '../runtimes/docker/connect.ts';
import type { RegistryAuth, Runtime } from '../runtimes/runtime.ts';
import { hostOptions } from './hostoptions.ts';
import { kubernetesHashed, kubernetesRuntime } from './kubernetes.ts';
import { portainerHashed, portainerRuntime } from './portainer.ts';
import type { SiteSettings } from './site.ts';
import { swarmHashed, swarmRuntime } from './swarm.ts';

/** The two ports of one enabled platform and the settings of its site, made from the configuration. */
export interface Configured {
  readonly platform: Platform;
  readonly client: PlatformClient;
  readonly runtime: Runtime;
  readonly settings: SiteSettings;
}

const s = 1_000;

/**
 * One platform's ports and settings, from its own section. `platforms` are all that are managed, `keys` the current
 * private key and then the previous ones. Throws `InvalidConfiguration` when the section cannot work.
 */
export function configuredOne(
  config: Config,
  platform: Platform,
  platforms: readonly Platform[],
  keys: readonly KeyObject[],
  env: NodeJS.ProcessEnv,
  log: Log,
): Configured {
  const section = config[platform];
  const runtime = runtimeOf(config, platform, section, env);
  const client = clientOf(config, platform, section, keys, log);
  return { platform, client, runtime, settings: settingsOf(config, platform, platforms, keys, env, log) };
}

function clientOf(
  config: Config,
  platform: Platform,
  p: PlatformConfig,
  keys: readonly KeyObject[],
  log: Log,
): PlatformClient {
  const [key] = keys;
  if (key === undefined)
    throw permanent('InvalidConfiguration', 'no private key is configured: set manager.credentials_key_filepath');
  return platformClient(platform, {
    url: p.url,
    token: p.token,
    manager: { id: config.manager.id, name: config.manager.name },
    key,
    unsecuredCertificate: p.unsecured_certificate,
    withProxy: p.with_proxy,
    httpProxy: p.http_proxy,
    httpsProxy: p.https_proxy,
    noProxy: p.no_proxy,
    proxyCa: pemTexts(p.https_proxy_ca, log),
    requestTimeoutMs: p.request_timeout * s,
    connectTimeoutMs: p.connect_timeout * s,
    listingTimeoutMs: p.listing_timeout * s,
    onFeatureMissing: (operation, problem) => log.warn(problem.message, { platform, operation }),
  });
}

function runtimeOf(config: Config, platform: Platform, p: PlatformConfig, env: NodeJS.ProcessEnv): Runtime {
  const { selector, docker: d } = p.daemon;
  switch (selector) {
    case 'kubernetes':
      return kubernetesRuntime(config, platform, registryAuthOf(p), env);
    case 'swarm':
      return swarmRuntime(config, platform, dockerAddress(d, env), registryAuthOf(p));
    case 'portainer':
      return portainerRuntime(config, platform, env);
    case 'docker':
      return docker({
        ...dockerAddress(d, env),
        hostOptions: hostOptions(d),
        ...(d.stop_timeout === undefined ? {} : { stopTimeout: d.stop_timeout }),
        pullConcurrency: config.manager.pull_concurrency,
      });
  }
}

/** Where the engine is: the configuration first, then Docker's own variables. */
export function dockerAddress(d: PlatformConfig['daemon']['docker'], env: NodeJS.ProcessEnv): DockerAddress {
  const host = d.host ?? env['DOCKER_HOST'];
  return {
    ...(host === undefined || host === '' ? {} : { host }),
    tls: dockerTls(d.tls),
    ...(env['DOCKER_CERT_PATH'] === undefined ? {} : { certPath: env['DOCKER_CERT_PATH'] }),
    tlsVerify: (env['DOCKER_TLS_VERIFY'] ?? '') !== '',
    timeoutMs: d.timeout * s,
  };
}

const dockerTls = (tls: PlatformConfig['daemon']['docker']['tls']): { ca?: string; cert?: string; key?: string } => {
  const text = (value: string | undefined): string | undefined =>
    value === undefined || value.includes('-----BEGIN') ? value : readFileSync(value, 'utf8');
  const [ca, cert, key] = [text(tls?.ca), text(tls?.cert), text(tls?.key)];
  return { ...(ca ? { ca } : {}), ...(cert ? { cert } : {}), ...(key ? { key } : {}) };
};

/** Inline PEM, or a file read now; what cannot be read is skipped with a line, as an operator may mount it later. */
function pemTexts(entries: readonly string[] | undefined, log: Log): readonly string[] {
  return (entries ?? []).flatMap((entry) => {
    if (entry.trim().startsWith('-----BEGIN')) return [entry];
    try {
      return [readFileSync(entry, 'utf8')];
    } catch {
      log.warn('a CA file of https_proxy_ca cannot be read and is left out', { file: entry });
      return [];
    }
  });
}

function settingsOf(
  config: Config,
  platform: Platform,
  platforms: readonly Platform[],
  keys: readonly KeyObject[],
  env: NodeJS.ProcessEnv,
  log: Log,
): SiteSettings {
  const p = config[platform];
  const { manager } = config;
  const { registry } = p.daemon;
  const urls = {
    ...(platform === 'opencti' || (manager.inject_all_platform_urls && platforms.includes('opencti'))
      ? { opencti: config.opencti.connector_url ?? config.opencti.url }
      : {}),
    ...(platform === 'openaev' || (manager.inject_all_platform_urls && platforms.includes('openaev'))
      ? { openaev: config.openaev.connector_url ?? config.openaev.url }
      : {}),
  };
  const proxies = connectorProxies(
    {
      ...(p.http_proxy === undefined ? {} : { http: p.http_proxy }),
      ...(p.https_proxy === undefined ? {} : { https: p.https_proxy }),
      ...(p.no_proxy === undefined ? {} : { no: p.no_proxy }),
    },
    env,
  );
  const bundle = (): string | undefined => {
    const own = p.with_proxy ? pemTexts(p.https_proxy_ca, log) : [];
    return own.length === 0 ? undefined : [...own, ...rootCertificates].map((pem) => pem.trim()).join('\n') + '\n';
  };
  const final = (image: string): string =>
    resolveImage(image, { server: registry.server, prefixMode: registry.prefix_mode });
  // The bundle of the start-up is what the hash covers; a deploy reads the files anew.
  const caAtStart = bundle();
  const { selector } = p.daemon;
  const hashedOptions = hashedOptionsOf(platform, p);
  const hashes = new Map<string, string>();
  const hashOf = (image: string): string => {
    const known = hashes.get(image);
    if (known !== undefined) return known;
    const hash = specHash({
      image: image === '' ? '' : final(image),
      urls,
      ...(p.with_proxy ? { proxy: { ...proxies, reject: p.https_proxy_reject_unauthorized ? undefined : false } } : {}),
      ...(caAtStart === undefined ? {} : { caBundle: caAtStart }),
      options: hashedOptions,
    });
    hashes.set(image, hash);
    return hash;
  };
  return {
    policy: policyOf(config, selector),
    orphanPolicy: orphanPolicyOf(config),
    environment: (record) => {
      const { entries, previous } = decryptConfiguration(record.configuration, keys);
      if (previous.length > 0)
        log.warn('values open only with a previous private key; enter them again before it is removed', {
          connector: record.id,
          keys: previous,
        });
      const caBundle = bundle();
      const { variables, duplicates } = connectorEnvironment({
        entries,
        contractHash: record.contractHash,
        urls,
        ...(p.with_proxy
          ? {
              proxy: {
                values: proxies,
                ca: caBundle !== undefined,
                rejectUnauthorized: p.https_proxy_reject_unauthorized,
              },
            }
          : {}),
      });
      if (duplicates.length > 0)
        log.warn('the platform sends a key twice; the last value counts', { connector: record.id, keys: duplicates });
      return { env: variables, ...(caBundle === undefined ? {} : { caBundle }) };
    },
    resolveImage: final,
    registryAuth: registryAuthOf(p),
    pullPolicy: pullPolicyOf(p.daemon),
    specHash: hashOf,
    cadence: {
      poll: manager.execute_schedule * s,
      ping: manager.ping_alive_schedule * s,
      health: manager.health_schedule * s,
      logs: p.logs_schedule * s,
      pullTimeout: manager.pull_timeout * s,
    },
    logTail: manager.log_tail_lines,
    refreshConcurrency: manager.refresh_concurrency,
    showEnvironment: !manager.debug.show_env_vars ? 'off' : manager.debug.show_sensitive_env_vars ? 'clear' : 'masked',
  };
}

/** What of the runtime's section reaches the object. */
function hashedOptionsOf(platform: Platform, { daemon }: PlatformConfig): Readonly<Record<string, unknown>> {
  switch (daemon.selector) {
    case 'kubernetes':
      return kubernetesHashed(platform, daemon.kubernetes);
    case 'swarm':
      return swarmHashed(daemon.swarm);
    case 'portainer':
      return portainerHashed(daemon);
    case 'docker':
      return { ...hostOptions(daemon.docker) };
  }
}

/** Kubernetes has a setting of its own in the pod and pulls by itself. */
const pullPolicyOf = ({ selector, docker: d, swarm, portainer }: PlatformConfig['daemon']): typeof d.pull_policy =>
  selector === 'swarm' ? swarm.pull_policy : selector === 'portainer' ? portainer.pull_policy : d.pull_policy;

const registryAuthOf =
  ({ daemon: { registry } }: PlatformConfig) =>
  (image: string): RegistryAuth | undefined => {
    const { server, username, password, email } = registry;
    if (server === undefined || username === undefined || password === undefined || !onServer(image, server))
      return undefined;
    return { server, username, password, ...(email === undefined ? {} : { email }) };
  };

const policyOf = ({ manager }: Config, selector: PlatformConfig['daemon']['selector']): Policy => ({
  managerIds: [manager.id, ...manager.previous_ids],
  loopRestarts: manager.reboot_loop.max_restarts,
  loopWindow: manager.reboot_loop.window * s,
  loopDelayFirst: manager.reboot_loop.backoff_initial * s,
  loopDelayMax: manager.reboot_loop.backoff_max * s,
  healthyReset: manager.reboot_loop.healthy_reset * s,
  // The kubelet has a back-off of its own; a second one would only hide it.
  loopAction:
    selector === 'kubernetes' && manager.reboot_loop.action === 'backoff' ? 'flag' : manager.reboot_loop.action,
  startTimeout: manager.start_timeout * s,
  rolloutOnLocalChange: manager.rollout_on_local_change,
  renames: selector !== 'kubernetes' && selector !== 'swarm',
});

const orphanPolicyOf = ({ manager, opencti, openaev }: Config): OrphanPolicy => ({
  sweeps: manager.orphans.sweeps,
  sweepGap: manager.execute_schedule * s * 0.9,
  guardRatio: manager.orphans.guard_ratio,
  guardMin: manager.orphans.guard_min,
  allowMassRemoval: manager.orphans.allow_mass_removal,
  // One that is enabled and cannot be used now may still have containers without its label.
  bothPlatforms: opencti.enable && openaev.enable,
});
