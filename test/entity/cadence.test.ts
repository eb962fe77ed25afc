import { monitorEventLoopDelay } from 'node:perf_hooks';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Ground, eventually, groundImage, makeGround } from '../support/ground.ts';
import { gapsOf } from '../support/gaps.ts';

/** The promised periods of log and health pushes, scaled down, with a fleet that writes all the time. */
const count = 40;
const period = 1_500;
const logs = 2_000;
const health = 3_000;
const names = Array.from({ length: count }, (_, i) => `connector-${i}`);

describe.skipIf(!process.env['TEMPORAL_ADDRESS'])('the cadence of logs and health', () => {
  let ground: Ground;
  let writing: NodeJS.Timeout;
  let ids: readonly string[];
  let begun: number;

  beforeAll(async () => {
    ground = await makeGround({
      period,
      settings: { cadence: { poll: period, ping: 5_000, health, logs, pullTimeout: 600_000 } },
      before: ({ control }) => {
        for (const name of names) control.add({ name, image: groundImage, requested: 'starting', configuration: [] });
      },
    });
    ids = names.map((name) => ground.idOf(name));
    await eventually(() => {
      for (const name of names) expect(ground.reported(name)).toBe('started');
    }, 60_000);
    begun = Date.now();
    writing = setInterval(() => {
      for (const id of ids) ground.runtime.write(id, `written at ${Date.now()}`);
    }, 200);
  });

  afterAll(async () => {
    clearInterval(writing);
    await ground.close();
  });

  /** Age of the newest line the platform shows of this connector. */
  const age = (name: string): number => {
    const line = ground.sandbox.control.connector(name).logs.findLast((l) => l.startsWith('written at '));
    return Date.now() - Number(line?.split(' ').at(-1) ?? begun);
  };

  test('every connector has its logs and its health on the platform in time, none more often', async () => {
    const oldest = new Map<string, number>();
    const { control } = ground.sandbox;
    const pushes = (operation: Parameters<typeof gapsOf>[1], n: number): void => {
      for (const [id, gaps] of gapsOf(control, operation, ids, begun))
        expect(gaps.length, id).toBeGreaterThanOrEqual(n);
    };
    const stalls = monitorEventLoopDelay({ resolution: 20 });
    stalls.enable();
    await eventually(() => {
      for (const name of names) oldest.set(name, Math.max(oldest.get(name) ?? 0, age(name)));
      pushes('updateConnectorLogs', 7);
      pushes('updateConnectorHealth', 5);
    }, 40_000);
    stalls.disable();
    // A machine that let this process wait has made everything in it late: worker, sandbox and clock of the test.
    const stalled = 3 * (stalls.max / 1e6);

    expect(Math.max(...oldest.values()), 'the newest line on the platform').toBeLessThan(logs + period + stalled);
    const within = (operation: Parameters<typeof gapsOf>[1], promised: number): void => {
      for (const [id, gaps] of gapsOf(control, operation, ids, begun)) {
        expect(Math.max(...gaps), `${operation} of ${id}`).toBeLessThan(promised + period + stalled);
        const middle = gaps.toSorted((a, b) => a - b)[Math.floor(gaps.length / 2)];
        expect(middle, `${operation} of ${id}`).toBeGreaterThan(promised - 600 - stalled);
      }
    };
    within('updateConnectorLogs', logs);
    within('updateConnectorHealth', health);
  }, 60_000);
});
