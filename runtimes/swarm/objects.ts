/** What of the engine's Swarm API is used. Answers of older engines lack members, so nearly all are optional. */

export interface ContainerSpec {
  readonly Image?: string;
  readonly Env?: readonly string[] | null;
  readonly Configs?: readonly ConfigReference[] | null;
  readonly [more: string]: unknown;
}

export interface ConfigReference {
  readonly ConfigID: string;
  readonly ConfigName: string;
  readonly File?: { readonly Name: string; readonly UID: string; readonly GID: string; readonly Mode: number };
}

export interface TaskTemplate {
  readonly ContainerSpec?: ContainerSpec;
  readonly ForceUpdate?: number;
  readonly [more: string]: unknown;
}

export interface ServiceSpec {
  readonly Name: string;
  readonly Labels?: Readonly<Record<string, string>> | null;
  readonly TaskTemplate: TaskTemplate;
  readonly Mode?: { readonly Replicated?: { readonly Replicas?: number }; readonly [more: string]: unknown };
  readonly [more: string]: unknown;
}

export interface Service {
  readonly ID: string;
  readonly Version: { readonly Index: number };
  readonly CreatedAt?: string;
  readonly Spec: ServiceSpec;
  readonly UpdateStatus?: { readonly State?: string; readonly Message?: string };
}

export interface Task {
  readonly ID: string;
  readonly CreatedAt?: string;
  readonly ServiceID?: string;
  readonly NodeID?: string;
  readonly Spec?: TaskTemplate;
  readonly DesiredState?: string;
  readonly Status?: {
    readonly Timestamp?: string;
    readonly State?: string;
    readonly Err?: string;
    readonly Message?: string;
    readonly ContainerStatus?: { readonly ContainerID?: string; readonly ExitCode?: number };
  };
}

export interface SwarmNode {
  readonly ID: string;
  readonly Description?: { readonly Hostname?: string };
  readonly Status?: { readonly State?: string };
}

export interface SwarmConfig {
  readonly ID: string;
  readonly Spec: {
    readonly Name: string;
    readonly Labels?: Readonly<Record<string, string>> | null;
    readonly Data?: string;
  };
}

export interface Info {
  readonly ServerVersion?: string;
  readonly Swarm?: {
    readonly NodeID?: string;
    readonly LocalNodeState?: string;
    readonly ControlAvailable?: boolean;
    readonly Error?: string;
    readonly Cluster?: { readonly ID?: string };
  };
}

/** A service without the member is one that somebody else made with one replica. */
export const replicasOf = (s: Service): number => s.Spec.Mode?.Replicated?.Replicas ?? 1;

export const labelsOf = (s: Service): Readonly<Record<string, string>> => s.Spec.Labels ?? {};
