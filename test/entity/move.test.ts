import { afterEach, describe, expect, test } from 'vitest';
import { attachPlatform } from '../../worker/attach.ts';
import * as messages from '../../workflows/messages.ts';
import { fakeRuntime } from '../support/fake-runtime.ts';
import { type Ground, type GroundOptions, eventually, makeGround } from '../support/ground.ts';
import { scenes, settled } from '../support/scenes.ts';

describe.skipIf(!process.env['TEMPORAL_ADDRESS'])('another engine', () => {
  let g: Ground | undefined;
  afterEach(async () => {
    await g?.close();
    g = undefined;
  });
  const begin = async (names: readonly string[], options: GroundOptions = {}) => {
    const made = await makeGround(options);
    g = made;
    const s = scenes(made);
    const ids = names.map((name) => s.add(name));
    for (const id of ids) await s.up(id);
    await eventually(() => expect(ids.filter((id) => made.reported(id) !== 'started')).toEqual([]), settled);
    return { g: made, s, ids };
  };

  test('is refused until the platform is moved; then everything is made there and the old one is left', async () => {
    const { g: made, ids } = await begin(['Moves', 'Moves too', 'Rests']);
    const { client, taskQueue } = made.stage();
    const other = fakeRuntime({ id: 'another-engine' });
    const attachment = {
      runtime: other.kind,
      engineId: 'another-engine',
      runtimeQueue: messages.runtimeQueue(taskQueue, other.kind, 'another-engine'),
      period: 300,
    };
    await expect(attachPlatform(client, taskQueue, 'opencti', attachment)).rejects.toMatchObject({
      type: 'WrongEngine',
      message: expect.stringContaining('cadenza move opencti') as string,
    });
    for (const id of ids) await made.command(id, 'stop');
    await eventually(() => expect(ids.map((id) => made.reported(id))).toEqual(ids.map(() => 'stopped')), settled);
    const left = [...made.runtime.objects.values()].map((o) => ({ ...o }));
    const calls = made.runtime.calls.length;
    await client.workflow.getHandle(messages.platformWorkflowId('opencti')).executeUpdate(messages.move);
    await made.stage().stop();
    await made.restart({ runtime: other });
    await eventually(() => {
      for (const id of ids)
        expect([...other.objects.values()].filter((o) => o.labels['opencti-connector-id'] === id)).toMatchObject([
          { state: 'down' },
        ]);
    }, settled);
    for (const id of ids.slice(0, 2)) await made.command(id, 'resume');
    await eventually(() => {
      expect(ids.map((id) => made.reported(id))).toEqual(['started', 'started', 'stopped']);
      expect(Object.fromEntries([...other.objects.values()].map((o) => [o.name, o.state]))).toEqual({
        moves: 'running',
        'moves-too': 'running',
        rests: 'down',
      });
    }, settled);
    expect([...made.runtime.objects.values()]).toEqual(left);
    expect(made.runtime.calls.length).toBe(calls);
  }, 180_000);

  test('that nobody serves does not hold the platform up once another one attached', async () => {
    const { g: made, s } = await begin(['Waits']);
    const { client, taskQueue } = made.stage();
    const handle = client.workflow.getHandle(messages.platformWorkflowId('opencti'));
    const { attachment } = await handle.query(messages.platformState);
    const away = { ...attachment, runtimeQueue: `${taskQueue}-runtime-nobody` };
    await attachPlatform(client, taskQueue, 'opencti', away);
    await eventually(async () => {
      const { raw } = await handle.describe();
      const queues = raw.pendingActivities?.map((a) => a.activityType?.name);
      expect(queues).toContain('syncPlatform');
    }, settled);
    await attachPlatform(client, taskQueue, 'opencti', attachment);
    const id = s.add('Comes later');
    await eventually(() => expect(made.reported(id)).toBe('started'), settled);
  }, 180_000);
});
