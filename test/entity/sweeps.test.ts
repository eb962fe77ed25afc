import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { confirmOrphans, platformState, platformWorkflowId } from '../../workflows/messages.ts';
import { type Ground, eventually, groundImage, groundManager, makeGround } from '../support/ground.ts';

const settled = 60_000;

describe.skipIf(!process.env['TEMPORAL_ADDRESS'])('orphans', () => {
  let g: Ground;
  const names = Array.from({ length: 12 }, (_, i) => `Fleet ${i}`);
  beforeAll(async () => {
    g = await makeGround({
      before: ({ control }) => {
        for (const name of names) control.add({ name, image: groundImage, requested: 'starting', configuration: [] });
      },
    });
    await eventually(() => expect(names.map((n) => g.reported(n))).toEqual(names.map(() => 'started')), settled);
  });
  afterAll(() => g.close());

  const platform = () => g.stage().client.workflow.getHandle(platformWorkflowId('opencti'));
  const sweepState = async () => (await platform().query(platformState)).sweep;
  /** Two sweeps count only when they are a period apart. */
  const sweepTwice = async () => {
    const first = await g.sweep();
    await g.polls(2);
    return [first, await g.sweep()];
  };

  test('one that the platform deleted goes after two sweeps, its workflow ends', async () => {
    const id = g.idOf('Fleet 0');
    g.sandbox.control.remove('Fleet 0');
    await g.polls(1);
    expect(await sweepTwice()).toEqual([[], [id]]);
    await eventually(() => expect(g.objects(id)).toEqual([]), settled);
    await eventually(async () => expect((await g.listed("ExecutionStatus = 'Running'")).has(id)).toBe(false), settled);
  }, 120_000);

  test('objects of other managers, of nobody, or without a connector id are never candidates', async () => {
    const strangers = [
      g.runtime.plant({
        name: 'other-manager',
        labels: { 'opencti-manager': 'somebody', 'opencti-connector-id': 'x' },
      }),
      g.runtime.plant({ name: 'nobody', labels: {} }),
      g.runtime.plant({ name: 'nameless', labels: { 'opencti-manager': groundManager } }),
      g.runtime.plant({
        name: 'of-openaev',
        labels: { 'opencti-manager': groundManager, 'opencti-connector-id': 'y', 'opencti-platform': 'openaev' },
      }),
    ];
    expect((await sweepTwice()).flat()).toEqual([]);
    for (const o of strangers) expect(g.runtime.objects.get(o.ref)).toEqual(o);
  }, 120_000);

  test('too many at once are held back until a person confirms exactly those', async () => {
    const gone = names.slice(1, 6);
    const ids = gone.map((n) => g.idOf(n));
    for (const name of gone) g.sandbox.control.remove(name);
    await g.polls(1);
    expect((await sweepTwice()).flat()).toEqual([]);
    for (const id of ids) expect(g.objects(id)).toHaveLength(1);
    await eventually(async () => {
      const sweep = await sweepState();
      expect(sweep?.guard?.kind).toBe('too-many');
      expect(sweep?.candidates.map((c) => c.id).toSorted()).toEqual(ids.toSorted());
    }, settled);
    await expect(platform().executeUpdate(confirmOrphans, { args: [{ ids: ids.slice(1) }] })).rejects.toThrow();
    await platform().executeUpdate(confirmOrphans, { args: [{ ids }] });
    await g.polls(2);
    expect((await g.sweep()).toSorted()).toEqual(ids.toSorted());
    await eventually(() => expect(ids.flatMap((id) => g.objects(id))).toEqual([]), settled);
    for (const name of names.slice(6)) expect(g.objectsOf(name)).toMatchObject([{ state: 'running' }]);
  }, 180_000);
});
