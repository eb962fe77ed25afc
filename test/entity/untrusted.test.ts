import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import type { FaultPatch } from '../../sandbox/control.ts';
import { platformWorkflowId, syncNow } from '../../workflows/messages.ts';
import { type Ground, eventually, groundImage, makeGround } from '../support/ground.ts';

const settled = 60_000;
const names = Array.from({ length: 6 }, (_, i) => `Keeps ${i}`);

/** Whatever a platform answers in place of its list, nothing is lost over it. */
describe.skipIf(!process.env['TEMPORAL_ADDRESS'])('a list that cannot be trusted', () => {
  let g: Ground;
  beforeAll(async () => {
    g = await makeGround({
      before: ({ control }) => {
        for (const name of names)
          control.add({
            name,
            image: groundImage,
            requested: 'starting',
            configuration: [{ key: 'PACE', value: '1' }],
          });
      },
    });
    await eventually(() => expect(names.map((n) => g.reported(n))).toEqual(names.map(() => 'started')), settled);
  });
  afterEach(() => g.sandbox.control.clearFaults());
  afterAll(() => g.close());

  const listing = 'connectorsForManagers';
  const listed = () => g.sandbox.control.calls({ operation: listing }).length;
  const platform = () => g.stage().client.workflow.getHandle(platformWorkflowId('opencti'));
  /** As "cadenza reconcile" does: polls at once instead of after the back-off. */
  const poll = () => platform().executeUpdate(syncNow, { args: [{}] });

  test.each<[string, FaultPatch]>([
    ['garbage', { operations: { [listing]: { garbage: true } } }],
    ['503 from a proxy', { operations: { [listing]: { status: 503 } } }],
    ['401', { operations: { '*': { status: 401 } } }],
    ['a dropped connection', { operations: { '*': { drop: true } } }],
    ['a GraphQL error', { operations: { [listing]: { error: { code: 'DATABASE_ERROR', message: 'no' } } } }],
    ['a right that is missing', { missingRights: ['CONNECTORAPI'] }],
    ['nothing (null)', { listing: { mode: 'null' } }],
    ['an empty list', { listing: { mode: 'empty' } }],
    ['half a list', { listing: { mode: 'partial', first: 3 } }],
  ])(
    '%s: containers stay as they are, and it goes on afterwards',
    async (_name, faults) => {
      const before = new Map(g.runtime.objects);
      const calls = g.runtime.calls.length;
      g.sandbox.control.setFaults(faults);
      const asked = listed();
      const { failed } = await poll().catch(() => ({ failed: ['refused'] }));
      expect(failed.length > 0 || listed() > asked, 'the fault must have been met').toBe(true);
      // A sweep whose listing fails would only try again, with a back-off.
      const sweeps = failed.length === 0 ? [await g.sweep(), await g.sweep()] : [];
      expect(sweeps.flat()).toEqual([]);
      expect(g.runtime.objects).toEqual(before);
      expect(g.runtime.calls.slice(calls)).toEqual([]);
      g.sandbox.control.clearFaults();
      const [name = ''] = names;
      g.sandbox.control.stop(name);
      await eventually(() => expect(g.reported(name)).toBe('stopped'), settled);
      g.sandbox.control.start(name);
      await eventually(() => expect(g.reported(name)).toBe('started'), settled);
      expect(g.objectsOf(name)).toHaveLength(1);
    },
    120_000,
  );

  test('a platform that forgot this manager gets it registered again', async () => {
    g.sandbox.control.forgetManagers();
    await eventually(() => expect(g.sandbox.control.managers()).toHaveLength(1), settled);
    const [name = ''] = names;
    g.sandbox.control.stop(name);
    await eventually(() => expect(g.reported(name)).toBe('stopped'), settled);
  }, 120_000);
});
