import { describe, expect, test } from 'vitest';
import { type Tree, checkedBase, overBase } from '../../runtimes/kubernetes/merge.ts';

const generated = (pod: Tree = {}, container: Tree = {}): Tree => ({
  metadata: { name: 'mitre', labels: { 'opencti-manager': 'm1' }, annotations: { a: 'generated' } },
  spec: {
    replicas: 1,
    selector: { matchLabels: { 'opencti-connector-id': 'c' } },
    template: {
      metadata: { labels: { 'opencti-connector-id': 'c' } },
      spec: { containers: [{ name: 'mitre', image: 'x:1', env: [{ name: 'A', value: '1' }], ...container }], ...pod },
    },
  },
});
const base = (pod: Tree, spec: Tree = {}): Tree => ({ spec: { ...spec, template: { spec: pod } } });
const podOf = (merged: Tree): Record<string, unknown> =>
  ((merged['spec'] as Tree)['template'] as Tree)['spec'] as Record<string, unknown>;
const containers = (merged: Tree): readonly Tree[] => podOf(merged)['containers'] as readonly Tree[];

describe('a generated Deployment over the operator’s base', () => {
  test('no base: as generated', () => {
    expect(overBase(undefined, generated(), 'mitre')).toEqual(generated());
  });

  test('the container called "connector" gives defaults, and the generated one wins', () => {
    const b = base({
      containers: [
        { name: 'side', image: 's:1' },
        {
          name: 'connector',
          image: 'never:1',
          securityContext: { runAsNonRoot: true },
          env: [
            { name: 'B', value: '2' },
            { name: 'A', valueFrom: { secretKeyRef: { name: 's', key: 'k' } } },
          ],
        },
      ],
    });
    expect(containers(overBase(b, generated(), 'mitre'))).toEqual([
      {
        name: 'mitre',
        image: 'x:1',
        securityContext: { runAsNonRoot: true },
        env: [
          { name: 'B', value: '2' },
          { name: 'A', value: '1' },
        ],
      },
      { name: 'side', image: 's:1' },
    ]);
  });

  test('labels, annotations and matchLabels by key; server-side members of the base are dropped', () => {
    const b: Tree = {
      metadata: {
        name: 'base',
        uid: 'u',
        resourceVersion: '7',
        labels: { team: 'cti' },
        annotations: { a: 'base', b: '1' },
      },
      spec: { selector: { matchLabels: { app: 'x' } }, template: { metadata: { labels: { app: 'x' } } } },
      status: { replicas: 3 },
    };
    const merged = overBase(b, generated(), 'mitre');
    expect(merged['metadata']).toEqual({
      name: 'mitre',
      labels: { team: 'cti', 'opencti-manager': 'm1' },
      annotations: { a: 'generated', b: '1' },
    });
    expect(merged['spec']).toMatchObject({
      selector: { matchLabels: { app: 'x', 'opencti-connector-id': 'c' } },
      template: { metadata: { labels: { app: 'x', 'opencti-connector-id': 'c' } } },
    });
    expect(merged['status']).toBeUndefined();
  });

  test.each([
    [
      'scalars of the base stay where nothing is generated',
      base({ serviceAccountName: 'sa' }),
      {},
      'serviceAccountName',
      'sa',
    ],
    ['a generated scalar wins', base({ hostNetwork: true }), { hostNetwork: false }, 'hostNetwork', false],
    [
      'node selector as a whole',
      base({ nodeSelector: { a: '1' } }),
      { nodeSelector: { b: '2' } },
      'nodeSelector',
      { b: '2' },
    ],
    [
      'volumes by name',
      base({
        volumes: [
          { name: 'a', emptyDir: {} },
          { name: 'proxy-ca-cert', emptyDir: {} },
        ],
      }),
      { volumes: [{ name: 'proxy-ca-cert', secret: { secretName: 's' } }] },
      'volumes',
      [
        { name: 'a', emptyDir: {} },
        { name: 'proxy-ca-cert', secret: { secretName: 's' } },
      ],
    ],
    [
      'pull secrets by name',
      base({ imagePullSecrets: [{ name: 'a' }, { name: 'b' }] }),
      { imagePullSecrets: [{ name: 'b' }, { name: 'c' }] },
      'imagePullSecrets',
      [{ name: 'a' }, { name: 'b' }, { name: 'c' }],
    ],
    [
      'spread constraints by topology key',
      base({ topologySpreadConstraints: [{ topologyKey: 'zone', maxSkew: 2, whenUnsatisfiable: 'ScheduleAnyway' }] }),
      { topologySpreadConstraints: [{ topologyKey: 'zone', maxSkew: 1 }] },
      'topologySpreadConstraints',
      [{ topologyKey: 'zone', maxSkew: 1, whenUnsatisfiable: 'ScheduleAnyway' }],
    ],
    ['init containers of the base', base({ initContainers: [{ name: 'i' }] }), {}, 'initContainers', [{ name: 'i' }]],
    [
      'other lists are replaced',
      base({ tolerations: [{ key: 'a' }] }),
      { tolerations: [{ key: 'b' }] },
      'tolerations',
      [{ key: 'b' }],
    ],
    ['other lists of the base stay', base({ tolerations: [{ key: 'a' }] }), {}, 'tolerations', [{ key: 'a' }]],
  ] as const)('%s', (_what, b, pod, member, wanted) => {
    expect(podOf(overBase(b, generated(pod), 'mitre'))[member]).toEqual(wanted);
  });

  test('mounts by path', () => {
    const b = base({ containers: [{ name: 'connector', volumeMounts: [{ name: 'a', mountPath: '/a' }] }] });
    const merged = overBase(b, generated({}, { volumeMounts: [{ name: 'ca', mountPath: '/ca' }] }), 'mitre');
    expect(containers(merged)[0]?.['volumeMounts']).toEqual([
      { name: 'a', mountPath: '/a' },
      { name: 'ca', mountPath: '/ca' },
    ]);
  });

  test('changes neither the base nor what was generated', () => {
    const b = base({ containers: [{ name: 'connector', env: [] }] });
    const before = structuredClone(b);
    overBase(b, generated(), 'mitre');
    expect(b).toEqual(before);
  });
});

describe('a base that can be no Deployment names the member', () => {
  test.each([
    [{ kind: 'Pod' }, 'base: kind must be Deployment'],
    [{ apiVersion: 'v1' }, 'base: apiVersion must be apps/v1'],
    [{ spec: [] }, 'base: spec is not an object'],
    [{ spec: { template: 'x' } }, 'base: spec.template is not an object'],
    [base({ containers: {} }), 'base: spec.template.spec.containers is not a list'],
    [base({ containers: ['x'] }), 'base: spec.template.spec.containers[0] is not an object'],
    [base({ containers: [{ image: 'x' }] }), 'base: spec.template.spec.containers[0].name is missing'],
    [base({ volumes: [{ name: 'a' }, {}] }), 'base: spec.template.spec.volumes[1].name is missing'],
    [
      base({ containers: [{ name: 'a', env: [{ value: '1' }] }] }),
      'base: spec.template.spec.containers[0].env[0].name is missing',
    ],
  ] as const)('%j', (given, message) => {
    expect(() => checkedBase(given as Tree, 'base')).toThrow(message);
  });

  test.each([undefined, {}])('%j is no base', (given) => {
    expect(checkedBase(given, 'base')).toBeUndefined();
  });

  test('null counts as absent', () => {
    expect(checkedBase({ spec: { template: null, replicas: null, paused: false } }, 'base')).toEqual({
      spec: { paused: false },
    });
  });
});
