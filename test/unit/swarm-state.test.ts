import { describe, expect, test } from 'vitest';
import type { ObjectState } from '../../model/connector.ts';
import type { Service, Task } from '../../runtimes/swarm/objects.ts';
import { standing, toObject } from '../../runtimes/swarm/state.ts';
import { iso, service, t0, task } from './swarm-support.ts';

const nobody: ReadonlySet<string> = new Set();
const object = (s: Service, tasks: readonly Task[], restarts = 0) => toObject(s, tasks, restarts, nobody);
const crashed = (at: number, more = {}) => task('failed', 'shutdown', { at, err: 'exit (3)', exitCode: 3, ...more });

describe('the state of a service is what its tasks do', () => {
  const begun = ['new', 'allocated', 'pending', 'assigned', 'accepted', 'preparing', 'ready', 'starting'];

  test.each<[string, Service, readonly Task[], ObjectState, boolean, string | undefined]>([
    ['a task runs', service(), [task('running')], 'running', false, undefined],
    ...begun.map(
      (state): [string, Service, readonly Task[], ObjectState, boolean, string] =>
        [state, service(), [task(state)], 'transitional', true, `the task is ${state}`] as const,
    ),
    ['no task yet', service(), [], 'transitional', true, 'being rolled out'],
    [
      'no node for it',
      service(),
      [task('pending', 'running', { err: 'no suitable node' })],
      'transitional',
      true,
      'no suitable node',
    ],
    [
      'ended, and the next one waits its turn',
      service(),
      [crashed(0), task('ready', 'ready', { at: 1 })],
      'down',
      true,
      'exit (3)',
    ],
    [
      'ended with 0, and given up',
      service(),
      [task('complete', 'shutdown', { exitCode: 0 })],
      'down',
      false,
      undefined,
    ],
    ['ended, and given up', service(), [crashed(0)], 'down', false, 'exit (3)'],
    [
      'refused by a node, and tried again',
      service(),
      [task('rejected', 'shutdown', { err: 'No such image' }), task('preparing', 'running', { at: 1 })],
      'failed',
      true,
      'No such image',
    ],
    [
      'refused by a node, and given up',
      service(),
      [task('rejected', 'shutdown', { err: 'No such image' })],
      'down',
      false,
      'No such image',
    ],
    [
      'moves from a drained node',
      service(),
      [task('shutdown', 'shutdown'), task('preparing', 'running', { at: 1 })],
      'transitional',
      true,
      'preparing',
    ],
    [
      'runs what was wanted before',
      service(1, {}, 2),
      [task('running', 'running', { force: 1 })],
      'transitional',
      true,
      'being rolled out',
    ],
    [
      'ended under the spec before, runs under this one',
      service(1, {}, 2),
      [crashed(0, { force: 1 }), task('running', 'running', { at: 1, force: 2 })],
      'running',
      false,
      undefined,
    ],
    ['no replicas, no task', service(0), [], 'down', false, undefined],
    ['no replicas, what ran has ended', service(0), [task('shutdown', 'shutdown')], 'down', false, undefined],
    ['no replicas, still running', service(0), [task('running', 'shutdown')], 'transitional', false, 'being stopped'],
  ])('%s', (_what, s, tasks, state, retried, reason) => {
    const now = standing(s, tasks, nobody);
    expect(now).toMatchObject({ state, retried });
    if (reason === undefined) expect(now.reason).toBeUndefined();
    else expect(now.reason).toContain(reason);
  });

  test('a task on a node that is lost is waited for by nobody', () => {
    const left = [task('running', 'shutdown', { node: 'n2' })];
    expect(standing(service(0), left, nobody).state).toBe('transitional');
    expect(standing(service(0), left, new Set(['n2'])).state).toBe('down');
  });
});

describe('the object', () => {
  test('has the service’s id, labels and hashes', () =>
    expect(object(service(), [task('running', 'running', { id: 'a' })], 2)).toEqual({
      ref: 's1',
      name: 'mitre',
      labels: service().Spec.Labels,
      state: 'running',
      runtimeRestarts: 2,
      contractHash: 'h1',
      specHash: 'x1',
      createdAt: '2026-01-01T00:00:00Z',
      image: 'opencti/connector-mitre:6.9.0',
      startedAt: iso(t0),
      instance: 'a',
    }));

  const moved = [task('shutdown', 'shutdown', { id: 'a' }), task('running', 'running', { id: 'b', at: 1 })];
  test.each<[string, Service, readonly Task[], string | undefined]>([
    ['that runs', service(), [task('running', 'running', { id: 'a' })], 'a'],
    ['that took the place of a drained one', service(), moved, 'b'],
    ['that is to', service(), [moved[0]!, task('pending', 'running', { id: 'b', at: 1 })], 'b'],
    ['that waits after an end', service(), [crashed(0, { id: 'a' }), task('ready', 'ready', { id: 'b', at: 1 })], 'b'],
    ['none when all was given up', service(), [crashed(0, { id: 'a' })], undefined],
    ['none without replicas', service(0), [task('running', 'shutdown', { id: 'a' })], undefined],
    ['none of another spec', service(1, {}, 2), [task('running', 'running', { id: 'a', force: 1 })], undefined],
  ])('its instance is the task %s', (_what, s, tasks, id) => expect(object(s, tasks).instance).toBe(id));

  test('tells the end of the last process of this spec, and nothing of those before', () => {
    const next = task('running', 'running', { at: 9, force: 1 });
    expect(object(service(1, {}, 1), [crashed(0), crashed(5, { force: 1 }), next])).toMatchObject({
      startedAt: iso(t0 + 9_000),
      finishedAt: iso(t0 + 5_000),
      exitCode: 3,
    });
    const o = object(service(1, {}, 1), [crashed(0), next]);
    expect([o.finishedAt, o.exitCode]).toEqual([undefined, undefined]);
  });

  test.each([
    ['a:1', 'a:1', undefined],
    ['a:1@sha256:aa', 'a:1', 'sha256:aa'],
    ['a@sha256:aa', 'a@sha256:aa', 'sha256:aa'],
  ])('image %s: asked for as %s, resolved to %s', (whole, image, imageDigest) => {
    const s = service();
    const spec = { ...s.Spec, TaskTemplate: { ContainerSpec: { Image: whole } } };
    const o = object({ ...s, Spec: spec }, []);
    expect([o.image, o.imageDigest]).toEqual([image, imageDigest]);
  });
});
