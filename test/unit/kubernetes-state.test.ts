import { describe, expect, test } from 'vitest';
import { containerName } from '../../runtimes/kubernetes/pods.ts';
import { restarts } from '../../runtimes/kubernetes/restarts.ts';
import { standing, toObject } from '../../runtimes/kubernetes/state.ts';
import { deployment, pod, status } from './kubernetes-support.ts';

const now = Date.parse('2026-01-01T01:00:00Z');
const running = { running: { startedAt: '2026-01-01T00:00:02Z' } };
const ended = (exitCode: number, reason = 'Error') => ({
  terminated: { exitCode, reason, startedAt: '2026-01-01T00:00:02Z', finishedAt: '2026-01-01T00:00:09Z' },
});
const waiting = (reason: string, message?: string) => ({
  waiting: { reason, ...(message === undefined ? {} : { message }) },
});

describe('the state of a Deployment is what its container does', () => {
  test.each([
    ['no replicas, no pod', deployment(0), [], 'down', undefined],
    ['no pod yet', deployment(1), [], 'transitional', 'no pod yet'],
    ['running', deployment(1), [pod(status(running))], 'running', undefined],
    ['being created', deployment(1), [pod(status(waiting('ContainerCreating')))], 'transitional', 'ContainerCreating'],
    ['crash loop', deployment(1), [pod(status(waiting('CrashLoopBackOff', 'back-off')))], 'down', 'CrashLoopBackOff'],
    ['ended', deployment(1), [pod(status(ended(3)))], 'down', 'Error'],
    ['still running while stopped', deployment(0), [pod(status(running))], 'transitional', 'about to be stopped'],
    [
      'terminating',
      deployment(0),
      [pod(status(running), { meta: { deletionTimestamp: '2026-01-01T00:59:55Z' } })],
      'transitional',
      'being stopped',
    ],
    [
      'no place for it',
      deployment(1),
      [
        pod(undefined, {
          status: {
            phase: 'Pending',
            conditions: [{ type: 'PodScheduled', status: 'False', reason: 'Unschedulable', message: '0/1 nodes' }],
          },
        }),
      ],
      'transitional',
      'Unschedulable: 0/1 nodes',
    ],
    [
      'quota exceeded',
      deployment(1, {
        status: {
          conditions: [{ type: 'ReplicaFailure', status: 'True', reason: 'FailedCreate', message: 'exceeded quota' }],
        },
      }),
      [],
      'failed',
      'exceeded quota',
    ],
    [
      'evicted',
      deployment(1),
      [pod(undefined, { status: { phase: 'Failed', reason: 'Evicted', message: 'low on memory' } })],
      'down',
      'Evicted: low on memory',
    ],
    [
      'an init container that cannot be pulled',
      deployment(1),
      [
        pod(status(waiting('PodInitializing')), {
          status: { phase: 'Pending', initContainerStatuses: [status(waiting('ImagePullBackOff'), { name: 'init' })] },
        }),
      ],
      'failed',
      'ImagePullBackOff',
    ],
  ] as const)('%s', (_what, d, pods, state, reason) => {
    const s = standing(d, pods, now);
    expect(s.state).toBe(state);
    if (reason === undefined) expect(s.reason).toBeUndefined();
    else expect(s.reason).toContain(reason);
  });

  test.each([
    'ErrImagePull',
    'ImagePullBackOff',
    'InvalidImageName',
    'CreateContainerConfigError',
    'CreateContainerError',
  ])('%s is failed, with its reason, and the kubelet goes on trying', (reason) => {
    const o = toObject(deployment(1), [pod(status(waiting(reason, 'because')))], 0, now);
    expect(o).toMatchObject({ state: 'failed', reason: `${reason}: because`, retried: true });
  });

  test.each([
    ['phase', pod(status(running), { status: { phase: 'Unknown' } })],
    ['reason', pod(status(running), { status: { reason: 'NodeLost' } })],
    [
      'readiness taken away by the node controller',
      pod(status(running), {
        status: {
          conditions: [
            { type: 'Ready', status: 'False' },
            { type: 'ContainersReady', status: 'True' },
          ],
        },
      }),
    ],
    ['an end nobody confirms', pod(status(running), { meta: { deletionTimestamp: '2026-01-01T00:50:00Z' } })],
  ])('a lost node makes the state unknown: %s', (_how, p) => {
    expect(toObject(deployment(1), [p], 0, now).unknown).toContain('node "node-1"');
  });

  test('a pod that replaces one on a lost node is what counts', () => {
    const lost = pod(status(running), { meta: { uid: 'p0', deletionTimestamp: '2026-01-01T00:10:00Z' } });
    expect(toObject(deployment(1), [lost, pod(status(running))], 0, now)).toMatchObject({ state: 'running' });
    expect(toObject(deployment(1), [lost, pod(status(running))], 0, now).unknown).toBeUndefined();
  });

  test('a pod of the template before is not what the change is', () => {
    const d = { ...deployment(1), status: { observedGeneration: 1 } };
    const old = pod(status(running), { meta: { annotations: { OPENCTI_CONFIG_HASH: 'h0' } } });
    expect(standing(d, [old], now).state).toBe('transitional');
  });
});

describe('the right pod and container', () => {
  test('pods of another Deployment of the same connector do not count', () => {
    const other = pod(status(running), {
      meta: { ownerReferences: [{ apiVersion: 'apps/v1', kind: 'ReplicaSet', name: 'mitre-old-abc', uid: 'r2' }] },
    });
    expect(standing(deployment(1), [other], now).state).toBe('transitional');
  });

  test('the pod of the present template, then the newest', () => {
    const old = pod(status(ended(1)), {
      meta: { uid: 'p0', annotations: {}, creationTimestamp: '2026-01-02T00:00:00Z' },
    });
    const newer = pod(status(running), { meta: { uid: 'p2', creationTimestamp: '2026-01-01T00:30:00Z' } });
    expect(standing(deployment(1), [old, pod(status(ended(1))), newer], now).state).toBe('running');
  });

  test('sidecars do not stand for the connector', () => {
    const crashing = status(waiting('CrashLoopBackOff'), { name: 'sidecar' });
    const p = pod(undefined, { status: { containerStatuses: [crashing, status(running)] } });
    expect(standing(deployment(1), [p], now).state).toBe('running');
    expect(toObject(deployment(1), [p], 0, now).startedAt).toBe('2026-01-01T00:00:02Z');
  });

  test.each([
    [['side', 'mitre'], 'mitre'],
    [['only'], 'only'],
    [['a', 'b'], 'mitre'],
  ])('container of %j is %s', (names, wanted) => {
    const d = deployment();
    const containers = names.map((name) => ({ name }));
    expect(containerName({ ...d, spec: { ...d.spec, template: { ...d.spec.template, spec: { containers } } } })).toBe(
      wanted,
    );
  });
});

describe('what is told of an object', () => {
  test('hashes from the annotations, and the spec hash among the labels', () => {
    const o = toObject(deployment(0), [], 4, now);
    expect(o).toMatchObject({
      ref: 'mitre/u1',
      contractHash: 'h1',
      specHash: 's1',
      labels: { 'cadenza-spec-hash': 's1' },
      runtimeRestarts: 4,
      image: 'opencti/connector-mitre:6.9.0',
    });
    expect(o.retried).toBeUndefined();
  });

  test('the hash of one by XTM Composer without annotation comes from the variable', () => {
    const d = deployment(0);
    const env = [{ name: 'OPENCTI_CONFIG_HASH', value: 'h9' }];
    const o = toObject(
      {
        metadata: { name: 'mitre', uid: 'u1' },
        spec: { ...d.spec, template: { spec: { containers: [{ name: 'mitre', env }] } } },
      },
      [],
      0,
      now,
    );
    expect(o.contractHash).toBe('h9');
    expect(o.specHash).toBeUndefined();
  });

  test('the last end of a crash loop', () => {
    const looping = status(waiting('CrashLoopBackOff'), { lastState: ended(137, 'OOMKilled'), restartCount: 3 });
    expect(toObject(deployment(1), [pod(looping)], 4, now)).toMatchObject({
      state: 'down',
      exitCode: 137,
      oomKilled: true,
      startedAt: '2026-01-01T00:00:02Z',
      finishedAt: '2026-01-01T00:00:09Z',
      retried: true,
    });
  });
});

describe('restarts', () => {
  const looping = (restartCount: number) =>
    pod(status(waiting('CrashLoopBackOff'), { lastState: ended(1), restartCount }));
  const up = (restartCount: number, uid = 'p1') =>
    pod(status(running, { restartCount, lastState: ended(1) }), { meta: { uid } });

  test('an end counts once: when it happens, not again when the kubelet restarts', () => {
    const r = restarts();
    const d = deployment();
    expect(r.count(d, [up(0)])).toBe(0);
    expect(r.count(d, [pod(status(ended(1)))])).toBe(1);
    expect(r.count(d, [up(1)])).toBe(1);
    expect(r.count(d, [looping(1)])).toBe(2);
    expect(r.count(d, [up(2)])).toBe(2);
  });

  test('the sum goes on over pods, also while there is none', () => {
    const r = restarts();
    const d = deployment();
    expect(r.count(d, [up(3)])).toBe(3);
    expect(r.count(d, [])).toBe(3);
    expect(r.count(d, [up(0, 'p2')])).toBe(3);
    expect(r.count(d, [up(2, 'p2')])).toBe(5);
    r.keep(new Set());
    expect(r.count(d, [up(2, 'p2')])).toBe(2);
  });
});
