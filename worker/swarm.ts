import type { Config, PlatformConfig } from '../config/schema.ts';
import type { Platform } from '../model/connector.ts';
import type { DockerAddress } from '../runtimes/docker/connect.ts';
import type { RegistryAuth, Runtime } from '../runtimes/runtime.ts';
import { type SwarmOptions, swarm } from '../runtimes/swarm.ts';
import { type ServiceOptions, condition, hostLine } from '../runtimes/swarm/spec.ts';

/** What `daemon.swarm` and its neighbours mean for the runtime. */

type Section = PlatformConfig['daemon']['swarm'];
type Auth = (image: string) => RegistryAuth | undefined;

export const serviceOptions = (s: Section): ServiceOptions => ({
  network: s.network,
  extraHosts: s.extra_hosts,
  dns: s.dns,
  dnsSearch: s.dns_search,
  capAdd: s.cap_add,
  capDrop: s.cap_drop,
  sysctls: s.sysctls,
  ulimits: s.ulimits,
  hostname: s.hostname,
  user: s.user,
  readOnly: s.read_only,
  init: s.init,
  stopGracePeriod: s.stop_grace_period,
  cpuLimit: s.resources.cpu_limit,
  memoryLimit: s.resources.memory_limit,
  cpuReservation: s.resources.cpu_reservation,
  memoryReservation: s.resources.memory_reservation,
  placementConstraints: s.placement_constraints,
  placementPreferences: s.placement_preferences,
  restartCondition: s.restart_condition,
  restartDelay: s.restart_delay,
  restartMaxAttempts: s.restart_max_attempts,
});

/** The engine is the one of `daemon.docker`, which must be a manager. */
export const swarmOptions = (config: Config, platform: Platform, address: DockerAddress, auth: Auth): SwarmOptions => ({
  ...address,
  service: serviceOptions(config[platform].daemon.swarm),
  startTimeout: config.manager.start_timeout * 1_000,
  auth,
});

export const swarmRuntime = (config: Config, platform: Platform, address: DockerAddress, auth: Auth): Runtime =>
  swarm(swarmOptions(config, platform, address, auth));

/** What of the section the spec hash covers. What is written in two ways and means the same to a Swarm is one. */
export const swarmHashed = (section: Section): Readonly<Record<string, unknown>> => {
  const { extraHosts, restartCondition, restartMaxAttempts, readOnly, ...rest } = serviceOptions(section);
  const restarts = restartCondition === undefined ? 'any' : condition(restartCondition);
  return {
    ...rest,
    extraHosts: extraHosts?.map(hostLine),
    restartCondition: restarts === 'any' ? undefined : restarts,
    restartMaxAttempts: restartMaxAttempts === 0 ? undefined : restartMaxAttempts,
    readOnly: readOnly === true ? true : undefined,
  };
};
