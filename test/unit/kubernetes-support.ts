import type { Spec } from '../../runtimes/runtime.ts';
import type { ContainerStatus, Deployment, Pod } from '../../runtimes/kubernetes/objects.ts';

/** Builders for the tests of the Kubernetes runtime's pure parts. */
export const connectorId = '5b0e8f3a-6a0c-4f0e-9d55-0c7f3f1f9a01';

export const spec = (changes: Partial<Spec> = {}): Spec => ({
  connectorId,
  name: 'mitre',
  image: 'opencti/connector-mitre:6.9.0',
  env: [
    { key: 'CONNECTOR_ID', value: connectorId, sensitive: false },
    { key: 'OPENCTI_TOKEN', value: 'top-secret', sensitive: true },
    { key: 'OPENCTI_CONFIG_HASH', value: 'h1', sensitive: false },
  ],
  labels: {
    'opencti-manager': 'm1',
    'opencti-connector-id': connectorId,
    'opencti-platform': 'opencti',
    'cadenza-spec-hash': 's1',
  },
  contractHash: 'h1',
  specHash: 's1',
  ...changes,
});

export const deployment = (replicas = 1, changes: Partial<Deployment> = {}): Deployment => ({
  metadata: {
    name: 'mitre',
    uid: 'u1',
    creationTimestamp: '2026-01-01T00:00:00Z',
    generation: 2,
    labels: { 'opencti-manager': 'm1', 'opencti-connector-id': connectorId },
    annotations: { OPENCTI_CONFIG_HASH: 'h1', 'cadenza-spec-hash': 's1' },
  },
  spec: {
    replicas,
    selector: { matchLabels: { 'opencti-connector-id': connectorId } },
    template: {
      metadata: { annotations: { OPENCTI_CONFIG_HASH: 'h1' } },
      spec: { containers: [{ name: 'mitre', image: 'opencti/connector-mitre:6.9.0' }] },
    },
  },
  status: { observedGeneration: 2 },
  ...changes,
});

export const status = (state: ContainerStatus['state'], changes: Partial<ContainerStatus> = {}): ContainerStatus => ({
  name: 'mitre',
  restartCount: 0,
  ...(state === undefined ? {} : { state }),
  ...changes,
});

export const pod = (
  container: ContainerStatus | undefined,
  changes: { readonly meta?: Partial<Pod['metadata']>; readonly status?: Partial<NonNullable<Pod['status']>> } = {},
): Pod => ({
  metadata: {
    name: 'mitre-abc-1',
    uid: 'p1',
    creationTimestamp: '2026-01-01T00:00:01Z',
    annotations: { OPENCTI_CONFIG_HASH: 'h1' },
    ownerReferences: [{ apiVersion: 'apps/v1', kind: 'ReplicaSet', name: 'mitre-abc', uid: 'r1' }],
    ...changes.meta,
  },
  spec: { nodeName: 'node-1', containers: [{ name: 'mitre' }] },
  status: {
    phase: 'Running',
    ...(container === undefined ? {} : { containerStatuses: [container] }),
    ...changes.status,
  },
});
