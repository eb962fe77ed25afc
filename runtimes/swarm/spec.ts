import type { Spec } from '../runtime.ts';
import type { ConfigReference, ServiceSpec } from './objects.ts';

/** `daemon.swarm` options that reach a service; each is left to the engine when unset. */
export interface ServiceOptions {
  /** Overlay network, name or id. */
  readonly network?: string | undefined;
  /** Each `host:ip`, or as the engine has them, `ip host`. */
  readonly extraHosts?: readonly string[] | undefined;
  readonly dns?: readonly string[] | undefined;
  readonly dnsSearch?: readonly string[] | undefined;
  readonly capAdd?: readonly string[] | undefined;
  readonly capDrop?: readonly string[] | undefined;
  readonly sysctls?: Readonly<Record<string, string>> | undefined;
  readonly ulimits?: readonly { readonly name: string; readonly soft: number; readonly hard: number }[] | undefined;
  readonly hostname?: string | undefined;
  readonly user?: string | undefined;
  readonly readOnly?: boolean | undefined;
  readonly init?: boolean | undefined;
  /** Nanoseconds. */
  readonly stopGracePeriod?: number | undefined;
  /** Billionths of a CPU. */
  readonly cpuLimit?: number | undefined;
  /** Bytes. */
  readonly memoryLimit?: number | undefined;
  readonly cpuReservation?: number | undefined;
  readonly memoryReservation?: number | undefined;
  readonly placementConstraints?: readonly string[] | undefined;
  readonly placementPreferences?: readonly string[] | undefined;
  /** `none`, `on-failure`; anything else means any. */
  readonly restartCondition?: string | undefined;
  /** Nanoseconds. */
  readonly restartDelay?: number | undefined;
  /** 0: without limit. */
  readonly restartMaxAttempts?: number | undefined;
}

export interface Placement {
  readonly replicas: 0 | 1;
  /** Tells the tasks of this change from those before it. */
  readonly force: number;
  /** Reference the nodes pull, with its digest where that is known. */
  readonly image: string;
  readonly ca?: ConfigReference;
}

/** How long the Swarm watches a changed task for an early end before the change counts as done (ns). */
const monitor = 5_000_000_000;

/**
 * The whole of a service: one task, replaced stop first and put back by the Swarm itself when the new one does not stay
 * up. The labels are the service's alone: on its containers they would make them containers of a Docker manager's.
 */
export function serviceSpec(spec: Spec, o: ServiceOptions, place: Placement): ServiceSpec {
  const change = { Parallelism: 1, Order: 'stop-first', Monitor: monitor };
  return {
    Name: spec.name,
    Labels: { ...spec.labels },
    TaskTemplate: {
      ContainerSpec: set({
        Image: place.image,
        Env: spec.env.map(({ key, value }) => `${key}=${value}`),
        Hosts: o.extraHosts?.map(hostLine),
        DNSConfig: group({ Nameservers: o.dns, Search: o.dnsSearch }),
        CapabilityAdd: o.capAdd,
        CapabilityDrop: o.capDrop,
        Sysctls: o.sysctls,
        Ulimits: o.ulimits?.map(({ name, soft, hard }) => ({ Name: name, Soft: soft, Hard: hard })),
        Hostname: o.hostname,
        User: o.user,
        ReadOnly: o.readOnly,
        Init: o.init,
        StopGracePeriod: o.stopGracePeriod,
        Configs: place.ca === undefined ? undefined : [place.ca],
      }),
      ...set({
        Networks: o.network === undefined ? undefined : [{ Target: o.network }],
        Resources: group({
          Limits: group({ NanoCPUs: o.cpuLimit, MemoryBytes: o.memoryLimit }),
          Reservations: group({ NanoCPUs: o.cpuReservation, MemoryBytes: o.memoryReservation }),
        }),
        Placement: group({
          Constraints: o.placementConstraints,
          Preferences: o.placementPreferences?.map((by) => ({ Spread: { SpreadDescriptor: by } })),
        }),
        RestartPolicy: group({
          Condition: o.restartCondition === undefined ? undefined : condition(o.restartCondition),
          Delay: o.restartDelay,
          MaxAttempts: o.restartMaxAttempts,
        }),
      }),
      ForceUpdate: place.force,
    },
    Mode: { Replicated: { Replicas: place.replicas } },
    UpdateConfig: { ...change, FailureAction: 'rollback' },
    RollbackConfig: { ...change, FailureAction: 'pause' },
  };
}

/** The engine has the order of /etc/hosts, the configuration that of the command line. */
export function hostLine(entry: string): string {
  const [, host, ip] = /^([^\s:]+):(\S+)$/.exec(entry.trim()) ?? [];
  return host === undefined || ip === undefined ? entry.trim() : `${ip} ${host}`;
}

/** Swarm knows three; XTM Composer took every other text for the third. */
export const condition = (text: string): string => (['none', 'on-failure'].includes(text) ? text : 'any');

const set = (members: Readonly<Record<string, unknown>>): Record<string, unknown> =>
  Object.fromEntries(Object.entries(members).filter(([, v]) => v !== undefined));

/** A member that has none of its own is left out too. */
function group(members: Readonly<Record<string, unknown>>): Record<string, unknown> | undefined {
  const some = set(members);
  return Object.keys(some).length === 0 ? undefined : some;
}
