import type { PlatformConfig } from '../config/schema.ts';
import type { HostOptions } from '../runtimes/docker/hostconfig.ts';

/** What of `daemon.docker` reaches containers, however their engine is reached. */
export const hostOptions = (d: PlatformConfig['daemon']['docker']): HostOptions => ({
  networkMode: d.network_mode,
  extraHosts: d.extra_hosts,
  dns: d.dns,
  dnsSearch: d.dns_search,
  privileged: d.privileged,
  capAdd: d.cap_add,
  capDrop: d.cap_drop,
  securityOpt: d.security_opt,
  usernsMode: d.userns_mode,
  pidMode: d.pid_mode,
  ipcMode: d.ipc_mode,
  utsMode: d.uts_mode,
  runtime: d.runtime,
  shmSize: d.shm_size,
  sysctls: d.sysctls,
  ulimits: d.ulimits,
  restartPolicy: d.restart_policy === 'no' ? undefined : d.restart_policy,
  memoryLimit: d.memory_limit,
  cpuLimit: d.cpu_limit,
});
