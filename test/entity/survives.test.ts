import { afterEach, describe, expect, test } from 'vitest';
import { connectorWorkflowId } from '../../workflows/messages.ts';
import { type Ground, type GroundOptions, eventually, groundImage, makeGround } from '../support/ground.ts';

const settled = 90_000;

describe.skipIf(!process.env['TEMPORAL_ADDRESS'])('what survives', () => {
  let g: Ground | undefined;
  afterEach(async () => {
    await g?.close();
    g = undefined;
  });
  const ground = async (count: number, options: GroundOptions = {}, image = (_i: number) => groundImage) => {
    const names = Array.from({ length: count }, (_, i) => `Lasting ${i}`);
    g = await makeGround({
      ...options,
      before: ({ control }) => {
        for (const [i, name] of names.entries())
          control.add({
            name,
            image: image(i),
            requested: 'starting',
            configuration: [{ key: 'PACE', value: '1' }],
          });
      },
    });
    return { g, names };
  };
  const allRun = (made: Ground, names: readonly string[]) =>
    eventually(() => {
      for (const name of names) {
        expect(made.objectsOf(name)).toMatchObject([{ state: 'running' }]);
        expect(made.reported(name)).toBe('started');
      }
    }, settled);

  test('a worker that stops in the midst of deploys: the next one completes them, one container each', async () => {
    // Half of the pulls take longer than a worker is given to end.
    const pullTime = (image: string) => (image === groundImage ? 0 : 8_000);
    const { g: made, names } = await ground(8, { fake: { pullTime } }, (i) =>
      i % 2 === 0 ? groundImage : `slow/n:${i}`,
    );
    await eventually(() => expect(made.runtime.objects.size).toBeGreaterThan(0), settled);
    await made.stage().stop();
    expect(names.some((n) => made.reported(n) !== 'started')).toBe(true);
    await made.restart();
    await allRun(made, names);
  }, 180_000);

  test('a cache of one workflow: everything is replayed all the time, and nothing else happens', async () => {
    const { g: made, names } = await ground(15, { maxCachedWorkflows: 1 });
    await allRun(made, names);
    const before = new Map(made.runtime.objects);
    for (const name of names) made.sandbox.control.stop(name);
    await eventually(() => expect(names.map((n) => made.reported(n))).toEqual(names.map(() => 'stopped')), settled);
    expect([...made.runtime.objects.keys()].toSorted()).toEqual([...before.keys()].toSorted());
  }, 180_000);

  test('pause, crash count and what was told outlive a new run of the workflow', async () => {
    const { g: made, names } = await ground(1);
    const [name = ''] = names;
    await allRun(made, names);
    const id = made.idOf(name);
    made.runtime.crash(id);
    await eventually(async () => {
      expect((await made.state(id)).summary).toMatchObject({ restarts: 1, phase: 'running' });
    }, settled);
    await made.command(id, 'pause');
    const handle = made.stage().client.workflow.getHandle(connectorWorkflowId('opencti', id));
    const { runId } = await handle.describe();
    const before = await made.state(id);
    await handle.signal('upgrade');
    await eventually(async () => expect((await handle.describe()).runId).not.toBe(runId), settled);
    const after = await made.state(id);
    expect(after.summary).toMatchObject({ phase: 'paused', restarts: 1, since: before.summary.since });
    expect(after.memory).toMatchObject({ told: before.memory.told, paused: true, lines: before.memory.lines });
    const told = made.sandbox.control.statusCalls(id).length;
    made.sandbox.control.stop(name);
    await made.polls(3);
    expect(made.objects(id)).toMatchObject([{ state: 'running' }]);
    await made.command(id, 'resume');
    await eventually(() => expect(made.reported(name)).toBe('stopped'), settled);
    expect(
      made.sandbox.control
        .statusCalls(id)
        .slice(told)
        .map((c) => c.status),
    ).toEqual(['stopped']);
  }, 180_000);

  test('a wake-up that comes ten times does nothing ten times', async () => {
    const { g: made, names } = await ground(1);
    await allRun(made, names);
    const id = made.idOf(names[0] ?? '');
    const handle = made.stage().client.workflow.getHandle(connectorWorkflowId('opencti', id));
    const calls = made.runtime.calls.length;
    const told = made.sandbox.control.statusCalls(id).length;
    for (let i = 0; i < 10; i++) await handle.signal('wake', { event: 'die' });
    await made.polls(3);
    expect(made.runtime.calls.length).toBe(calls);
    expect(made.sandbox.control.statusCalls(id).length).toBe(told);
  }, 120_000);
});
