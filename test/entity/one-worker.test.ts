import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Platform, RuntimeObject } from '../../model/connector.ts';
import { connectorLabel, managerLabel, platformLabel } from '../../model/labels.ts';
import * as messages from '../../workflows/messages.ts';
import type { OrphansResult } from '../../workflows/orphans.ts';
import type { FakeRuntime } from '../support/fake-runtime.ts';
import { type Ground, eventually, groundImage, groundManager, groundPlatform, makeGround } from '../support/ground.ts';
import { settled } from '../support/scenes.ts';

const orphanPolicy = {
  sweeps: 2,
  sweepGap: 0,
  guardRatio: 0.25,
  guardMin: 30,
  allowMassRemoval: false,
  bothPlatforms: true,
};
const platforms: readonly Platform[] = ['opencti', 'openaev'];

/** As an installation that manages both is set up: one worker, one manager id, one engine. */
describe.skipIf(!process.env['TEMPORAL_ADDRESS'])('one worker for two platforms', () => {
  let g: Ground;
  /** Containers XTM Composer made before it wrote a platform's label, and one that nobody lists. */
  let legacy: Record<Platform | 'nobody', RuntimeObject>;
  let twins: Record<Platform, string>;
  const aev = () => g.sandbox.control.openaev;
  const only = (id: string): RuntimeObject => {
    const [object, ...more] = g.objects(id);
    expect(more, 'more than one container').toEqual([]);
    if (object === undefined) throw new Error('there is no container');
    return object;
  };
  const idOf = (o: RuntimeObject): string => o.labels[connectorLabel] ?? '';
  const reported = (platform: Platform, id: string) =>
    (platform === 'opencti' ? g.sandbox.control : aev()).connector(id).current;
  const phase = async (platform: Platform, id: string): Promise<string> => {
    const handle = g.stage().client.workflow.getHandle(messages.connectorWorkflowId(platform, id));
    return (await handle.query(messages.connectorState)).summary.phase;
  };
  const sweep = async (platform: Platform): Promise<readonly string[]> => {
    const { client, taskQueue, site } = g.stage();
    const { removed }: OrphansResult = await client.workflow.execute('orphans', {
      workflowId: `sweep-${randomUUID()}`,
      taskQueue: messages.mainQueue(taskQueue),
      args: [{ platform, runtimeQueue: site.runtimeQueue }],
    });
    return removed;
  };
  const sweeps = async (rounds: number): Promise<readonly string[]> => {
    const removed: string[] = [];
    for (let i = 0; i < rounds; i++) for (const platform of platforms) removed.push(...(await sweep(platform)));
    return [...new Set(removed)];
  };

  beforeAll(async () => {
    const add = { image: groundImage, requested: 'starting' } as const;
    const at = new Date(Date.now() - 3_600_000).toISOString();
    const plant = (runtime: FakeRuntime, name: string, id: string, contractHash: string): RuntimeObject => ({
      ...runtime.plant({
        name,
        labels: { [managerLabel]: groundManager, [connectorLabel]: id },
        image: groundImage,
        contractHash,
        state: 'running',
        createdAt: at,
        startedAt: at,
      }),
    });
    const planted: Partial<typeof legacy> = {};
    g = await makeGround({
      bothPlatforms: true,
      settings: { orphanPolicy },
      before: async (sandbox, runtime) => {
        const { control } = sandbox;
        control.openaev.setFaults({ operations: { list: { status: 503 } } });
        const { id } = control.add({ name: 'old cti', ...add });
        // OpenCTI makes a connector's token, and with it the hash, when it is listed first.
        const platform = groundPlatform(sandbox);
        const deadline = AbortSignal.timeout(10_000);
        await platform.register(deadline);
        const [record] = (await platform.list(deadline)).records.filter((r) => r.id === id);
        await platform.close();
        planted.opencti = plant(runtime, 'old-cti', id, record?.contractHash ?? '');
      },
    });
    await eventually(() => expect(aev().managers()).toHaveLength(1), settled);
    aev().setRules({ idInName: false });
    const listed = aev().add({ name: 'old aev', ...add });
    // While OpenAEV does not list, only OpenCTI's side is awake and sees what may be the other's.
    planted.openaev = plant(g.runtime, 'old-aev', listed.id, listed.hash ?? '');
    planted.nobody = plant(g.runtime, 'nobody', randomUUID(), 'h');
    legacy = planted as typeof legacy;
    await g.polls(3);
    twins = {
      opencti: g.sandbox.control.add({ name: 'twin', ...add }).id,
      openaev: aev().add({ name: 'twin', ...add }).id,
    };
  }, 120_000);
  afterAll(() => g.close());

  test('what is not listed by the platform that is awake is not told of to it, and stays', async () => {
    await eventually(() => expect(reported('opencti', twins.opencti)).toBe('started'), settled);
    g.runtime.write(twins.opencti, 'a line after everything was there');
    await eventually(
      () => expect(g.sandbox.control.connector(twins.opencti).logs.join()).toContain('a line after everything'),
      settled,
    );
    expect(await sweep('opencti')).toEqual([]);
    expect(await sweep('opencti')).toEqual([]);
    for (const object of [legacy.openaev, legacy.nobody]) {
      expect(only(idOf(object))).toEqual(object);
      expect(g.sandbox.control.calls({ connector: idOf(object) })).toEqual([]);
    }
  }, 120_000);

  test('each legacy container goes to the platform that lists it, untouched', async () => {
    aev().clearFaults();
    for (const platform of platforms) {
      const id = idOf(legacy[platform]);
      await eventually(async () => {
        expect(await phase(platform, id)).toBe('running');
        expect(reported(platform, id)).toBe('started');
      }, settled);
      expect(only(id)).toEqual(legacy[platform]);
    }
    expect(await sweeps(3)).toEqual([]);
    const touched = new Set(g.runtime.calls.map(({ target }) => target));
    for (const { ref, name } of Object.values(legacy))
      expect([touched.has(ref), touched.has(name)]).toEqual([false, false]);
    const state = await g
      .stage()
      .client.workflow.getHandle(messages.platformWorkflowId('openaev'))
      .query(messages.platformState);
    expect(state.sweep?.unassigned.map((u) => u.ref)).toEqual([legacy.nobody.ref]);
  }, 120_000);

  test('of twins one has the name and the other its safe name, and neither ever takes the other’s place', async () => {
    await eventually(() => {
      for (const platform of platforms) expect(reported(platform, twins[platform])).toBe('started');
    }, settled);
    const names = platforms.map((platform) => only(twins[platform]).name).toSorted((a, b) => a.length - b.length);
    expect(names[0]).toBe('twin');
    expect(names[1]).toMatch(/^twin-[0-9a-f]{8}$/);
    const cti = only(twins.opencti);
    const { ref } = only(twins.openaev);
    aev().edit(twins.openaev, { configuration: [{ key: 'PACE', value: '2' }] });
    await eventually(() => {
      expect(only(twins.openaev).ref).not.toBe(ref);
      expect(only(twins.openaev).state).toBe('running');
    }, settled);
    expect(only(twins.opencti)).toEqual(cti);
    expect(platforms.map((platform) => only(twins[platform]).labels[platformLabel])).toEqual(platforms);
  }, 120_000);

  test('a restart of the worker finds both fleets as they were', async () => {
    const before = [...g.runtime.objects.values()].map((o) => ({ ...o }));
    const calls = g.runtime.calls.length;
    await g.stage().stop();
    await g.restart();
    await g.polls(3);
    await eventually(() => expect(aev().managers()[0]).toMatchObject({ id: groundManager, active: true }), settled);
    expect(await sweeps(2)).toEqual([]);
    expect([...g.runtime.objects.values()]).toEqual(before);
    expect(g.runtime.calls.slice(calls)).toEqual([]);
  }, 120_000);

  test('of a connector deleted on one platform only its container goes', async () => {
    const rest = () => [...g.runtime.objects.values()].filter((o) => idOf(o) !== twins.openaev).map((o) => ({ ...o }));
    const before = rest();
    aev().stop(twins.openaev);
    await eventually(() => expect(reported('openaev', twins.openaev)).toBe('stopped'), settled);
    aev().remove(twins.openaev);
    await eventually(async () => {
      expect((await sweeps(1)).filter((id) => id !== twins.openaev)).toEqual([]);
      expect(g.objects(twins.openaev)).toEqual([]);
    }, settled);
    expect(rest()).toEqual(before);
  }, 120_000);
});
