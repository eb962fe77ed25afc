import type Docker from 'dockerode';
import { permanent } from '../../model/errors.ts';

/** `daemon.docker` options that reach a container; each is left to the engine when unset. */
export interface HostOptions {
  readonly networkMode?: string | undefined;
  readonly extraHosts?: readonly string[] | undefined;
  readonly dns?: readonly string[] | undefined;
  readonly dnsSearch?: readonly string[] | undefined;
  readonly privileged?: boolean | undefined;
  readonly capAdd?: readonly string[] | undefined;
  readonly capDrop?: readonly string[] | undefined;
  readonly securityOpt?: readonly string[] | undefined;
  readonly usernsMode?: string | undefined;
  readonly pidMode?: string | undefined;
  readonly ipcMode?: string | undefined;
  readonly utsMode?: string | undefined;
  readonly runtime?: string | undefined;
  /** Bytes. */
  readonly shmSize?: number | undefined;
  readonly sysctls?: Readonly<Record<string, string>> | undefined;
  readonly ulimits?: readonly { readonly name: string; readonly soft: number; readonly hard: number }[] | undefined;
  /** `no`, `on-failure[:max]`, `unless-stopped` or `always`. */
  readonly restartPolicy?: string | undefined;
  /** Bytes. */
  readonly memoryLimit?: number | undefined;
  /** Number of CPUs. */
  readonly cpuLimit?: number | undefined;
}

const nano = 1e9;

function restartPolicy(text: string): Docker.HostRestartPolicy {
  const [name = '', max] = text.split(':');
  if (!['no', 'on-failure', 'unless-stopped', 'always'].includes(name))
    throw permanent(
      'InvalidConfiguration',
      `daemon.docker.restart_policy: "${text}" is none of no, on-failure[:max], unless-stopped, always`,
    );
  return { Name: name === 'no' ? '' : name, ...(max === undefined ? {} : { MaximumRetryCount: Number(max) }) };
}

export function hostConfig(o: HostOptions): Docker.HostConfig {
  const config: Record<string, unknown> = {
    NetworkMode: o.networkMode,
    ExtraHosts: o.extraHosts,
    Dns: o.dns,
    DnsSearch: o.dnsSearch,
    Privileged: o.privileged,
    CapAdd: o.capAdd,
    CapDrop: o.capDrop,
    SecurityOpt: o.securityOpt,
    UsernsMode: o.usernsMode,
    PidMode: o.pidMode,
    IpcMode: o.ipcMode,
    UTSMode: o.utsMode,
    Runtime: o.runtime,
    ShmSize: o.shmSize,
    Sysctls: o.sysctls,
    Ulimits: o.ulimits?.map(({ name, soft, hard }) => ({ Name: name, Soft: soft, Hard: hard })),
    RestartPolicy: o.restartPolicy === undefined ? undefined : restartPolicy(o.restartPolicy),
    Memory: o.memoryLimit,
    NanoCpus: o.cpuLimit === undefined ? undefined : Math.round(o.cpuLimit * nano),
  };
  return Object.fromEntries(Object.entries(config).filter(([, v]) => v !== undefined));
}
