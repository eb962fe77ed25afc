import { afterEach, describe, expect, test } from 'vitest';
import { connectorLabel, managerLabel, platformLabel } from '../../model/labels.ts';
import type { OrphanPolicy } from '../../model/orphans.ts';
import * as messages from '../../workflows/messages.ts';
import {
  type Ground,
  type GroundOptions,
  eventually,
  groundImage,
  groundManager,
  makeGround,
} from '../support/ground.ts';
import { settled } from '../support/scenes.ts';

const minute = 60_000;
const policy: OrphanPolicy = {
  sweeps: 2,
  sweepGap: minute,
  guardRatio: 0.25,
  guardMin: 3,
  allowMassRemoval: false,
  bothPlatforms: false,
};

/** Sweeps by hand on a clock that a test puts forward. */
describe.skipIf(!process.env['TEMPORAL_ADDRESS'])('a sweep', () => {
  let g: Ground | undefined;
  let passed = 0;
  afterEach(async () => {
    await g?.close();
    g = undefined;
    passed = 0;
  });
  const fleet = async (count: number, more: Partial<OrphanPolicy> = {}, options: GroundOptions = {}) => {
    const names = Array.from({ length: count }, (_, i) => `Fleet ${i}`);
    const made = await makeGround({
      now: () => Date.now() + passed,
      settings: { orphanPolicy: { ...policy, ...more } },
      before: ({ control }) => {
        for (const name of names) control.add({ name, image: groundImage, requested: 'starting', configuration: [] });
      },
      ...options,
    });
    g = made;
    await eventually(() => expect(names.filter((n) => made.reported(n) !== 'started')).toEqual([]), settled);
    return { g: made, ids: names.map((name) => made.idOf(name)) };
  };
  const platform = (made: Ground) => made.stage().client.workflow.getHandle(messages.platformWorkflowId('opencti'));
  const report = async (made: Ground) => (await platform(made).query(messages.platformState)).sweep;
  /** A sweep this long after the one before. */
  const sweepAfter = (made: Ground, time: number) => {
    passed += time;
    return made.sweep();
  };
  /** Containers and workflows. */
  const gone = (made: Ground, ids: readonly string[]) =>
    eventually(async () => {
      expect(ids.flatMap((id) => made.objects(id))).toEqual([]);
      const running = await made.listed("ExecutionStatus = 'Running'");
      expect(ids.filter((id) => running.has(id))).toEqual([]);
    }, settled);
  const delist = (made: Ground, ids: readonly string[]) => {
    for (const id of ids) made.sandbox.control.remove(id);
  };
  const there = (made: Ground, ids: readonly string[]) => {
    for (const id of ids) expect(made.objects(id)).toMatchObject([{ state: 'running' }]);
  };

  test('counts only after its time, so that ten in a row are as good as one', async () => {
    const { g: made, ids } = await fleet(2);
    const [orphan = '', kept = ''] = ids;
    delist(made, [orphan]);
    for (let i = 0; i < 10; i++) expect(await made.sweep()).toEqual([]);
    there(made, ids);
    expect((await report(made))?.candidates).toMatchObject([{ id: orphan, name: 'fleet-0', sweeps: 1 }]);
    expect(await sweepAfter(made, minute)).toEqual([orphan]);
    await gone(made, [orphan]);
    there(made, [kept]);
  }, 120_000);

  test('over a list with one record nobody can name removes nothing, ripe or not', async () => {
    const { g: made, ids } = await fleet(3);
    const [orphan = '', nameless = ''] = ids;
    delist(made, [orphan]);
    expect(await made.sweep()).toEqual([]);
    made.sandbox.control.setFaults({ listing: { nullFields: { [nameless]: ['id'] } } });
    for (let i = 0; i < 3; i++) expect(await sweepAfter(made, minute)).toEqual([]);
    // Neither does a removal that is on its way already.
    const handle = made.stage().client.workflow.getHandle(messages.connectorWorkflowId('opencti', orphan));
    await handle.signal(messages.retire, { reason: 'an earlier sweep thought so' });
    await eventually(
      async () => expect((await made.state(orphan)).memory.failure?.error.message).toContain('not complete'),
      settled,
    );
    there(made, ids);
    made.sandbox.control.clearFaults();
    await gone(made, [orphan]);
    there(made, ids.slice(1));
  }, 120_000);

  test('takes what never had a workflow, and leaves a stranger’s container of the same connector', async () => {
    const { g: made, ids } = await fleet(4);
    const labels = (manager: string, id: string) => ({
      [managerLabel]: manager,
      [connectorLabel]: id,
      [platformLabel]: 'opencti',
    });
    const [orphan = ''] = ids;
    const stranger = made.runtime.plant({ name: 'theirs', labels: labels('somebody else', orphan), state: 'running' });
    const left = made.runtime.plant({ name: 'left', labels: labels(groundManager, 'never-known'), state: 'running' });
    delist(made, [orphan]);
    expect(await made.sweep()).toEqual([]);
    expect((await sweepAfter(made, minute)).toSorted()).toEqual([orphan, 'never-known'].toSorted());
    await eventually(() => {
      expect(made.runtime.objects.has(left.ref)).toBe(false);
      expect(made.objects(orphan)).toEqual([stranger]);
    }, settled);
    there(made, ids.slice(1));
  }, 120_000);

  test('with a confirmation removes what was confirmed, not what came after it', async () => {
    const { g: made, ids } = await fleet(10);
    const confirmed = ids.slice(0, 4).toSorted();
    const late = ids.slice(4, 5);
    delist(made, confirmed);
    expect(await made.sweep()).toEqual([]);
    await eventually(async () => expect((await report(made))?.guard?.kind).toBe('too-many'), settled);
    await platform(made).executeUpdate(messages.confirmOrphans, { args: [{ ids: confirmed }] });
    delist(made, late);
    expect(await made.sweep()).toEqual([]);
    // All five are ripe now.
    expect((await sweepAfter(made, minute)).toSorted()).toEqual(confirmed);
    await gone(made, confirmed);
    there(made, ids.slice(4));
    // Alone it is no mass removal any more.
    expect(await sweepAfter(made, minute)).toEqual(late);
    await gone(made, late);
    there(made, ids.slice(5));
  }, 120_000);

  test('a quarter of an hour after the confirmation holds them back again', async () => {
    const { g: made, ids } = await fleet(4);
    delist(made, ids.slice(0, 3));
    expect(await made.sweep()).toEqual([]);
    const confirmation = { args: [{ ids: ids.slice(0, 3) }] as [{ ids: readonly string[] }] };
    await eventually(async () => {
      await platform(made).executeUpdate(messages.confirmOrphans, confirmation);
    }, settled);
    expect(await sweepAfter(made, 16 * minute)).toEqual([]);
    there(made, ids);
    expect((await report(made))?.guard?.kind).toBe('too-many');
    expect(made.stage().logged.join('\n')).toMatch(/error orphans are held back/);
  }, 120_000);

  test('where mass removal is allowed asks nobody', async () => {
    const { g: made, ids } = await fleet(4, { allowMassRemoval: true });
    delist(made, ids.slice(0, 3));
    expect(await made.sweep()).toEqual([]);
    expect((await sweepAfter(made, minute)).toSorted()).toEqual(ids.slice(0, 3).toSorted());
    await gone(made, ids.slice(0, 3));
    there(made, ids.slice(3));
  }, 120_000);

  test('after the last connectors were deleted waits for five minutes of empty lists', async () => {
    const { g: made, ids } = await fleet(2);
    delist(made, ids);
    for (let i = 0; i < 4; i++) expect(await sweepAfter(made, minute)).toEqual([]);
    expect((await report(made))?.guard?.kind).toBe('empty-listing');
    there(made, ids);
    expect((await sweepAfter(made, 2 * minute)).toSorted()).toEqual(ids.toSorted());
    await gone(made, ids);
  }, 120_000);

  test('comes by itself', async () => {
    const { g: made, ids } = await fleet(3, { sweepGap: 300 }, { schedules: true });
    const [orphan = ''] = ids;
    delist(made, [orphan]);
    await gone(made, [orphan]);
    expect((await made.listed("ExecutionStatus = 'Completed'")).get(orphan)?.phase).toBe('retired');
    there(made, ids.slice(1));
  }, 120_000);
});
