import type { Service, Task } from '../../runtimes/swarm/objects.ts';

/** Builders for the tests of the Swarm runtime's pure parts. */
export const connectorId = '5b0e8f3a-6a0c-4f0e-9d55-0c7f3f1f9a01';
export const t0 = Date.parse('2026-01-01T01:00:00Z');
export const iso = (ms: number): string => new Date(ms).toISOString();

const template = (force: number): Service['Spec']['TaskTemplate'] => ({
  ContainerSpec: { Image: 'opencti/connector-mitre:6.9.0', Env: ['OPENCTI_CONFIG_HASH=h1'] },
  ForceUpdate: force,
});

export const service = (replicas = 1, changes: Partial<Service> = {}, force = 0): Service => ({
  ID: 's1',
  Version: { Index: 7 },
  CreatedAt: '2026-01-01T00:00:00Z',
  Spec: {
    Name: 'mitre',
    Labels: { 'opencti-manager': 'm1', 'opencti-connector-id': connectorId, 'cadenza-spec-hash': 'x1' },
    TaskTemplate: template(force),
    Mode: { Replicated: { Replicas: replicas } },
  },
  ...changes,
});

let made = 0;

/** A task of that service. `at` (s): its place in the order, and the time of its last change. */
export const task = (
  state: string,
  desired = 'running',
  more: {
    readonly id?: string;
    readonly at?: number;
    readonly force?: number;
    readonly node?: string;
    readonly err?: string;
    readonly exitCode?: number;
  } = {},
): Task => {
  made += 1;
  const { id = `t${made}`, at = 0, force = 0, node = 'n1', err, exitCode } = more;
  return {
    ID: id,
    ServiceID: 's1',
    NodeID: node,
    CreatedAt: iso(t0 + at * 1_000 - 500),
    DesiredState: desired,
    Spec: template(force),
    Status: {
      State: state,
      Timestamp: iso(t0 + at * 1_000),
      ...(err === undefined ? {} : { Err: err }),
      ...(exitCode === undefined ? {} : { ContainerStatus: { ContainerID: 'c', ExitCode: exitCode } }),
    },
  };
};
