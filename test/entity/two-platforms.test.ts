import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Platform, RuntimeObject } from '../../model/connector.ts';
import { connectorLabel, managerLabel, platformLabel } from '../../model/labels.ts';
import { openaev } from '../../platforms/openaev.ts';
import type { OrphansResult } from '../../workflows/orphans.ts';
import * as messages from '../../workflows/messages.ts';
import { type Ground, eventually, groundImage, groundManager, makeGround } from '../support/ground.ts';
import { type Stage, startStage, testKey } from '../support/stage.ts';

const settled = 60_000;
/** As a worker with both platforms enabled sets it. */
const orphanPolicy = {
  sweeps: 2,
  sweepGap: 0,
  guardRatio: 0.25,
  guardMin: 30,
  allowMassRemoval: false,
  bothPlatforms: true,
};

/** OpenCTI and OpenAEV with one manager id on one runtime, which knows no walls between them. */
describe.skipIf(!process.env['TEMPORAL_ADDRESS'])('two platforms side by side', () => {
  let g: Ground;
  let aev: Stage;
  const control = () => g.sandbox.control.openaev;
  const ofPlatform = (platform: Platform) =>
    [...g.runtime.objects.values()].filter((o) => o.labels[platformLabel] === platform);
  const of = (id: string) => [...g.runtime.objects.values()].filter((o) => o.labels[connectorLabel] === id);
  const sweep = async (stage: Stage, platform: Platform): Promise<readonly string[]> => {
    const { removed }: OrphansResult = await stage.client.workflow.execute('orphans', {
      workflowId: `sweep-${randomUUID()}`,
      taskQueue: messages.mainQueue(stage.taskQueue),
      args: [{ platform, runtimeQueue: stage.site.runtimeQueue }],
    });
    return removed;
  };
  const sweepBoth = async () => {
    const removed: string[] = [];
    for (let i = 0; i < 3; i++) removed.push(...(await sweep(g.stage(), 'opencti')), ...(await sweep(aev, 'openaev')));
    return removed;
  };

  beforeAll(async () => {
    g = await makeGround({ settings: { orphanPolicy } });
    const client = openaev({
      url: g.sandbox.url,
      token: g.sandbox.token,
      manager: { id: groundManager, name: 'Ground' },
      key: testKey(),
      listingTimeoutMs: 3_000,
      withProxy: false,
      unsecuredCertificate: false,
      proxyCa: [],
      requestTimeoutMs: 3_000,
      connectTimeoutMs: 2_000,
    });
    aev = await startStage({
      address: g.address,
      namespace: g.namespace,
      runtime: { ...g.runtime, close: () => undefined },
      managerId: groundManager,
      period: 300,
      taskQueue: `${g.namespace}-aev`,
      schedules: false,
      platform: client,
      settings: { orphanPolicy },
    });
    await eventually(() => expect(control().managers()).toHaveLength(1), settled);
    control().setRules({ idInName: false });
  }, 120_000);
  afterAll(async () => {
    await aev.stop();
    await g.close();
  });

  let ids: Record<Platform, string>;

  test('of equal names each gets a container of its own, told to its own platform', async () => {
    ids = {
      opencti: g.sandbox.control.add({ name: 'twin', image: groundImage, requested: 'starting' }).id,
      openaev: control().add({ name: 'twin', image: groundImage, requested: 'starting' }).id,
    };
    await eventually(() => {
      expect(g.sandbox.control.connector(ids.opencti).current).toBe('started');
      expect(control().connector(ids.openaev).current).toBe('started');
    }, settled);
    expect(ofPlatform('opencti')).toMatchObject([{ state: 'running', labels: { [connectorLabel]: ids.opencti } }]);
    expect(ofPlatform('openaev')).toMatchObject([{ state: 'running', labels: { [connectorLabel]: ids.openaev } }]);
    expect(new Set([...g.runtime.objects.values()].map((o) => o.name)).size).toBe(2);
  }, 120_000);

  test('logs come to OpenAEV once, in one element a push, Cadenza’s own lines with them', async () => {
    for (const text of ['first', 'second']) g.runtime.write(ids.openaev, text);
    await eventually(() => expect(control().connector(ids.openaev).logs.join('\n')).toContain('second'), settled);
    g.runtime.write(ids.openaev, 'third');
    await eventually(() => expect(control().connector(ids.openaev).logs.join('\n')).toContain('third'), settled);
    const { logs } = control().connector(ids.openaev);
    const own = logs.filter((line) => !line.includes('[cadenza]'));
    expect(own.slice(-3)).toEqual(['first', 'second', 'third']);
    expect(new Set(logs).size).toBe(logs.length);
    expect(logs.some((line) => line.includes('[cadenza] info deployed:'))).toBe(true);
    for (const { detail } of g.sandbox.control.calls({ operation: 'openaev.logs' })) expect(detail).toBe('1 elements');
  }, 120_000);

  test('a stop on one platform is none on the other', async () => {
    control().stop(ids.openaev);
    await eventually(() => expect(control().connector(ids.openaev).current).toBe('stopped'), settled);
    expect(of(ids.openaev)).toMatchObject([{ state: 'down' }]);
    expect(of(ids.opencti)).toMatchObject([{ state: 'running' }]);
  }, 120_000);

  test('neither sweeps what is the other’s, and what nobody lists without a platform’s label stays', async () => {
    const plant = (name: string, labels: RuntimeObject['labels']) =>
      g.runtime.plant({ name, labels: { [managerLabel]: groundManager, ...labels }, state: 'running' });
    const legacy = plant('legacy', { [connectorLabel]: randomUUID() });
    const stray = plant('stray', { [connectorLabel]: randomUUID(), [platformLabel]: 'openaev' });
    expect(await sweep(g.stage(), 'opencti')).toEqual([]);
    expect(await sweep(g.stage(), 'opencti')).toEqual([]);
    expect(await sweep(g.stage(), 'opencti')).toEqual([]);
    // Handed over again until it is gone.
    expect(new Set(await sweepBoth())).toEqual(new Set([stray.labels[connectorLabel]]));
    await eventually(() => expect(g.runtime.objects.has(stray.ref)).toBe(false), settled);
    expect(g.runtime.objects.has(legacy.ref)).toBe(true);
    expect([of(ids.opencti).length, of(ids.openaev).length]).toEqual([1, 1]);
  }, 120_000);

  test('a legacy container goes to the platform that lists its connector, without a restart', async () => {
    control().setFaults({ operations: { list: { status: 503 } } });
    const { id, name, hash } = control().add({ name: 'old', image: groundImage, requested: 'starting' });
    const at = new Date(Date.now() - 3_600_000).toISOString();
    const old = g.runtime.plant({
      name,
      labels: { [managerLabel]: groundManager, [connectorLabel]: id },
      image: groundImage,
      contractHash: hash ?? '',
      state: 'running',
      createdAt: at,
      startedAt: at,
    });
    await sweep(g.stage(), 'opencti');
    await sweep(g.stage(), 'opencti');
    control().clearFaults();
    await eventually(() => expect(control().connector(id).current).toBe('started'), settled);
    await sweepBoth();
    expect(of(id)).toEqual([old]);
    const { summary } = await aev.client.workflow
      .getHandle(messages.connectorWorkflowId('openaev', id))
      .query(messages.connectorState);
    expect(summary).toMatchObject({ platform: 'openaev', phase: 'running', container: name });
  }, 120_000);

  test('another manager at OpenAEV is found out, and OpenCTI goes on', async () => {
    control().usurp('another');
    await eventually(() => expect(control().managers()).toMatchObject([{ id: groundManager }]), settled);
    control().usurp('another');
    await eventually(async () => {
      const { lastSync } = await aev.client.workflow
        .getHandle(messages.platformWorkflowId('openaev'))
        .query(messages.platformState);
      expect(lastSync?.error?.kind).toBe('ManagerConflict');
    }, settled);
    expect(control().managers()).toMatchObject([{ id: 'another' }]);
    control().start(ids.openaev);
    g.sandbox.control.stop(ids.opencti);
    await eventually(() => expect(g.sandbox.control.connector(ids.opencti).current).toBe('stopped'), settled);
    expect(of(ids.openaev)).toMatchObject([{ state: 'down' }]);
  }, 120_000);
});
