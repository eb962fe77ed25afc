import { describe, expect, test } from 'vitest';
import type { Pod } from '../../runtimes/kubernetes/objects.ts';
import { deploymentOfPod, transition } from '../../runtimes/kubernetes/transitions.ts';
import { pod, status } from './kubernetes-support.ts';

const up = (at: string) => ({ running: { startedAt: at } });
const ended = (at: string, reason = 'Error') => ({ terminated: { exitCode: 1, reason, finishedAt: at } });
/** Actions of a series of looks; `undefined` is the end of the pod. */
const actions = (...series: readonly (Pod | undefined)[]): readonly (readonly string[])[] => {
  let trace: ReturnType<typeof transition>['trace'];
  return series.map((p) => {
    const t = transition(trace, p);
    trace = t.trace;
    return t.actions;
  });
};

describe('what changes of a pod mean', () => {
  test('a life: created, started, ended, started again, removed', () => {
    expect(
      actions(
        pod(undefined),
        pod(status({ waiting: { reason: 'ContainerCreating' } })),
        pod(status(up('1'))),
        pod(status(up('1'))),
        pod(status(ended('2'))),
        pod(status({ waiting: { reason: 'CrashLoopBackOff' } }, { lastState: ended('2') })),
        pod(status(up('3'), { lastState: ended('2'), restartCount: 1 })),
        undefined,
      ),
    ).toEqual([[], [], ['start'], [], ['die'], [], ['start'], ['die']]);
  });

  test('an end between two looks', () => {
    expect(actions(pod(status(up('1'))), pod(status(up('3'), { lastState: ended('2') })))).toEqual([
      ['start'],
      ['die', 'start'],
    ]);
  });

  test('out of memory', () => {
    expect(actions(pod(status(up('1'))), pod(status(ended('2', 'OOMKilled'))))[1]).toEqual(['oom', 'die']);
  });

  test('a pod that never ran goes silently', () => {
    expect(actions(pod(undefined), undefined)).toEqual([[], []]);
  });

  test('a sidecar’s end is none of the connector', () => {
    const both = (side: Parameters<typeof status>[0]) =>
      pod(undefined, { status: { containerStatuses: [status(side, { name: 'side' }), status(up('1'))] } });
    expect(actions(both(up('1')), both(ended('2')))[1]).toEqual([]);
  });

  test('the Deployment’s name is the ReplicaSet’s without its hash', () => {
    expect(deploymentOfPod(pod(undefined))).toBe('mitre');
  });
});
