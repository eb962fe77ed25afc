import { describe, expect, test } from 'vitest';
import type { RuntimeObject } from '../../model/connector.ts';
import { type Ground, eventually, makeGround } from '../support/ground.ts';
import { scenes, settled } from '../support/scenes.ts';

describe.skipIf(!process.env['TEMPORAL_ADDRESS'])('an engine that goes away', () => {
  /** No end was counted, nothing was told, and each has the container it had. */
  const unharmed = async (g: Ground, before: readonly RuntimeObject[], ids: readonly string[]): Promise<void> => {
    const s = scenes(g);
    for (const id of ids) await s.up(id);
    expect([...g.runtime.objects.keys()]).toEqual(before.map(({ ref }) => ref));
    for (const id of ids) {
      expect((await g.state(id)).memory).toMatchObject({ crashes: 0, restarts: 0, looping: false });
      expect(s.told(id)).toEqual(['started']);
    }
  };

  test('takes all containers with it and brings them back: none is a crash, none doubled', async () => {
    const g = await makeGround();
    try {
      const s = scenes(g);
      const ids = Array.from({ length: 8 }, (_, i) => s.add(`Engine ${i}`));
      const still = s.add('Stopped', 'stopped');
      for (const id of ids) await s.up(id);
      await eventually(() => expect(s.told(still)).toEqual(['stopped']), settled);
      const before = [...g.runtime.objects.values()].map((o) => ({ ...o }));
      const calls = g.runtime.calls.length;
      g.runtime.down(true);
      // One is asked to look while there is nothing to see.
      const reconciled = g.command(ids[0] ?? '', 'reconcile');
      await eventually(async () => expect((await g.listed()).get(ids[0] ?? '')?.phase).toBe('failed'), settled);
      await reconciled;
      expect(g.sandbox.control.statusCalls()).toHaveLength(ids.length + 1);
      g.runtime.down(false);
      await unharmed(g, before, ids);
      expect(g.runtime.calls.slice(calls).map((c) => c.method)).toEqual(ids.map(() => 'start'));
      expect(s.only(still).state).toBe('down');
      await eventually(async () => {
        const phases = [...(await g.listed()).values()].map((c) => c.phase).toSorted();
        expect(phases).toEqual([...ids.map(() => 'running'), 'stopped']);
      }, settled);
    } finally {
      await g.close();
    }
  });

  test('and is back before the answer to a listing under way is no crash either', { timeout: 120_000 }, async () => {
    const g = await makeGround({ fake: { latency: 250 } });
    try {
      const s = scenes(g);
      const ids = Array.from({ length: 3 }, (_, i) => s.add(`Quick ${i}`));
      for (let n = 0; n < 5; n++) {
        for (const id of ids) await s.up(id);
        const before = [...g.runtime.objects.values()].map((o) => ({ ...o }));
        g.runtime.down(true);
        g.runtime.down(false);
        await unharmed(g, before, ids);
      }
    } finally {
      await g.close();
    }
  });
});
