import { readFileSync } from 'node:fs';
import type { Config, PlatformConfig } from '../config/schema.ts';
import type { Platform } from '../model/connector.ts';
import { permanent } from '../model/errors.ts';
import { proxyRule } from '../platforms/proxy.ts';
import type { HostOptions } from '../runtimes/docker/hostconfig.ts';
import { type PortainerOptions, portainer } from '../runtimes/portainer.ts';
import type { Runtime } from '../runtimes/runtime.ts';
import { hostOptions } from './hostoptions.ts';

/** What `daemon.portainer` and its neighbours mean for the runtime. */

type Daemon = PlatformConfig['daemon'];

const s = 1_000;
/** What the engine waits on a stop when it is told nothing (seconds). */
const engineGrace = 10;

/** The container options of `daemon.docker`; Portainer's network stands over theirs. */
const containerOptions = ({ docker: d, portainer: p }: Daemon): HostOptions => ({
  ...hostOptions(d),
  ...(p.network_mode === undefined ? {} : { networkMode: p.network_mode }),
});

export function portainerOptions(config: Config, platform: Platform, env: NodeJS.ProcessEnv): PortainerOptions {
  const { daemon } = config[platform];
  const { docker: d, portainer: p } = daemon;
  const ca = p.ca === undefined ? undefined : pem(p.ca, `${platform}.daemon.portainer.ca`);
  // The section's own proxies are for its platform; Portainer goes by the environment of the process.
  const proxy = proxyRule({ withProxy: true }, platform, env)(new URL(p.api));
  return {
    api: p.api,
    apiKey: p.api_key,
    environment: p.env_id,
    environmentType: p.env_type,
    apiVersion: p.api_version,
    unsecuredCertificate: p.unsecured_certificate,
    ...(ca === undefined ? {} : { ca }),
    ...(proxy === undefined ? {} : { proxy }),
    answerMs: p.timeout * s,
    hostOptions: containerOptions(daemon),
    ...(d.stop_timeout === undefined ? {} : { stopTimeout: d.stop_timeout }),
    ...(p.stack === undefined ? {} : { stack: p.stack }),
    ...(p.registry_id === undefined ? {} : { registryId: p.registry_id }),
    pullConcurrency: config.manager.pull_concurrency,
    // A step is several calls, and none of them may be cut off by it alone.
    timeoutMs: Math.max(d.timeout, p.timeout + (d.stop_timeout ?? engineGrace)) * s,
  };
}

export const portainerRuntime = (config: Config, platform: Platform, env: NodeJS.ProcessEnv): Runtime =>
  portainer(portainerOptions(config, platform, env));

/** What of the sections the spec hash covers: the same as on Docker, so that a move to Portainer replaces nothing. */
export const portainerHashed = (daemon: Daemon): Readonly<Record<string, unknown>> => ({
  ...containerOptions(daemon),
  stack: daemon.portainer.stack,
});

function pem(value: string, key: string): string {
  if (value.includes('-----BEGIN')) return value;
  try {
    return readFileSync(value, 'utf8');
  } catch {
    throw permanent('InvalidConfiguration', `${key} is neither PEM text nor a file that can be read`);
  }
}
