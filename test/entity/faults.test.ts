import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import type { RuntimeObject } from '../../model/connector.ts';
import { isUsableName } from '../../model/names.ts';
import type { FaultPatch } from '../../sandbox/control.ts';
import { nudge, platformState, platformWorkflowId } from '../../workflows/messages.ts';
import { type Ground, eventually, groundImage, makeGround } from '../support/ground.ts';

const settled = 60_000;

/** One side is away or talks nonsense about some; everything that does not need it goes on. */
describe.skipIf(!process.env['TEMPORAL_ADDRESS'])('a fleet in trouble', () => {
  let g: Ground;
  beforeAll(async () => {
    g = await makeGround();
  });
  afterEach(() => mend());
  afterAll(() => g.close());

  const platform = () => g.stage().client.workflow.getHandle(platformWorkflowId('opencti'));
  const lastProblem = async () => (await platform().query(platformState)).lastSync?.error?.kind ?? null;
  /** Back-off of the poll is of no interest here. */
  const mend = async () => {
    g.sandbox.control.clearFaults();
    await platform().signal(nudge, { why: 'mended' });
    await eventually(async () => expect(await lastProblem()).toBeNull(), settled);
  };

  const add = (name: string): string =>
    g.sandbox.control.add({
      name,
      image: groundImage,
      requested: 'starting',
      configuration: [{ key: 'PACE', value: '1' }],
    }).id;
  const only = (id: string): RuntimeObject => {
    const [object, ...more] = g.objects(id);
    expect(more, 'more than one container').toEqual([]);
    if (object === undefined) throw new Error('there is no container');
    return { ...object };
  };
  /** Runs, is told, and its workflow knows this very process, so that its next end is a crash. */
  const runs = async (id: string): Promise<RuntimeObject> => {
    await eventually(async () => {
      expect(only(id).state).toBe('running');
      expect(g.reported(id)).toBe('started');
      const { memory, doing } = await g.state(id);
      expect({ known: memory.known?.startedAt, doing }).toEqual({ known: only(id).startedAt, doing: null });
    }, settled);
    return only(id);
  };
  const summary = async (id: string) => (await g.listed()).get(id);
  const told = (id: string) => g.sandbox.control.statusCalls(id).map((c) => c.status);

  test.each<[string, string, FaultPatch]>([
    ['does not answer', 'PlatformUnavailable', { operations: { '*': { hang: true } } }],
    ['breaks off', 'PlatformUnavailable', { operations: { '*': { drop: true } } }],
    [
      'refuses the token',
      'NotPermitted',
      { operations: { '*': { error: { code: 'AUTH_REQUIRED', message: 'no', httpStatus: 401 } } } },
    ],
    ['takes a right away', 'NotPermitted', { missingRights: ['CONNECTORAPI', 'SETTINGS_SETACCESSES'] }],
  ])(
    'while the platform %s, what ends is started, what vanishes is made anew, and commands hold',
    async (how, kind, faults) => {
      const [crashing, vanishing, stopping] = [add(`Crashes ${how}`), add(`Vanishes ${how}`), add(`Stops ${how}`)];
      const before = await Promise.all([crashing, vanishing, stopping].map(runs));
      g.sandbox.control.setFaults(faults);
      await eventually(async () => expect(await lastProblem()).toBe(kind), settled);
      g.runtime.crash(crashing);
      g.runtime.vanish(vanishing);
      await g.command(stopping, 'stop');
      await eventually(() => {
        expect(only(crashing)).toMatchObject({ ref: before[0]?.ref, state: 'running' });
        expect(only(crashing).startedAt).not.toBe(before[0]?.startedAt);
        expect(only(vanishing).state).toBe('running');
        expect(only(stopping)).toMatchObject({ ref: before[2]?.ref, state: 'down' });
      }, settled);
      expect(told(stopping)).toEqual(['started']);
      await mend();
      await eventually(() => expect(told(stopping)).toEqual(['started', 'stopped']), settled);
      await Promise.all([crashing, vanishing].map(runs));
      expect(g.sandbox.control.statusCalls().filter((c) => c.status === c.previous)).toEqual([]);
    },
    150_000,
  );

  test('records that cannot be read: each says what it lacks, is still kept running, and the others go on', async () => {
    const broken = {
      'No hash': 'manager_contract_hash',
      'No image': 'manager_contract_image',
      'No configuration': 'manager_contract_configuration',
      'No name': 'name',
    };
    const names = Object.keys(broken);
    const ids = names.map(add);
    const healthy = add('Whole');
    const before = await Promise.all(ids.map(runs));
    await runs(healthy);
    g.sandbox.control.setFaults({
      listing: {
        nullFields: { 'No hash': [broken['No hash']], 'No configuration': [broken['No configuration']] },
        missingFields: { 'No image': [broken['No image']], 'No name': [broken['No name']] },
      },
    });
    g.sandbox.control.stop(healthy);
    await eventually(async () => {
      for (const [i, field] of Object.values(broken).entries()) {
        expect((await summary(ids[i] ?? ''))?.lastError).toEqual({
          kind: 'InvalidContract',
          message: `${field} is missing`,
        });
        expect(g.sandbox.control.connector(ids[i] ?? '').logs.join('\n')).toContain(`${field} is missing`);
      }
      expect(g.reported(healthy)).toBe('stopped');
    }, settled);
    expect(await g.sweep()).toEqual([]);
    await g.polls(2);
    expect(await g.sweep()).toEqual([]);
    expect(ids.map(only)).toEqual(before);

    g.runtime.crash(ids[0] ?? '');
    await eventually(() => expect(only(ids[0] ?? '').startedAt).not.toBe(before[0]?.startedAt), settled);
    g.sandbox.control.clearFaults();
    await eventually(async () => {
      for (const id of ids) expect(await summary(id)).toMatchObject({ phase: 'running', lastError: null });
    }, settled);
    expect(ids.map((id) => only(id).ref)).toEqual(before.map((o) => o.ref));
  }, 150_000);

  test('while the engine is away nothing is told; what was asked meanwhile is done once when it is back', async () => {
    const [edited, stopped] = [add('Edited meanwhile'), add('Stopped meanwhile')];
    const before = await Promise.all([edited, stopped].map(runs));
    const calls = g.runtime.calls.length;
    const heard = g.sandbox.control.statusCalls().length;
    g.runtime.down(true);
    await eventually(async () => expect(await lastProblem()).toBe('RuntimeUnavailable'), settled);
    g.sandbox.control.edit(edited, { configuration: [{ key: 'PACE', value: '2' }] });
    g.sandbox.control.stop(stopped);
    // A person who asks now is told that the engine does not answer, and nothing else comes of it.
    await g.command(stopped, 'reconcile');
    await eventually(async () =>
      expect((await summary(stopped))?.lastError).toMatchObject({ kind: 'RuntimeUnavailable' }),
    );
    expect(g.sandbox.control.statusCalls().slice(heard)).toEqual([]);
    expect(g.runtime.calls.slice(calls)).toEqual([]);
    g.runtime.down(false);
    await mend();
    await eventually(() => {
      expect(only(edited)).toMatchObject({ state: 'running', contractHash: g.sandbox.control.connector(edited).hash });
      expect(g.reported(stopped)).toBe('stopped');
    }, settled);
    expect(only(edited).ref).not.toBe(before[0]?.ref);
    expect(only(stopped)).toMatchObject({ ref: before[1]?.ref, state: 'down' });
    expect(g.runtime.calls.slice(calls).filter((c) => c.method === 'refresh')).toHaveLength(1);
    await eventually(async () => expect((await summary(edited))?.lastError).toBeNull(), settled);
    expect((await g.state(edited)).memory.crashes).toBe(0);
  }, 150_000);

  test('names no engine takes: each gets a container under a name that every one does, and a better name renames it', async () => {
    const odd = { Long: 'x'.repeat(300), Cyrillic: 'Коннектор № 7', Twin: 'коннектор_№_7', Signs: '--../..--' };
    g.sandbox.control.setFaults({ listing: { names: odd } });
    const ids = Object.keys(odd).map(add);
    const made = await Promise.all(ids.map(runs));
    for (const { name } of made) expect(isUsableName(name), name).toBe(true);
    expect(new Set(made.map((o) => o.name)).size).toBe(ids.length);
    expect((await summary(ids[1] ?? ''))?.name).toBe(odd.Cyrillic);
    g.sandbox.control.clearFaults();
    await eventually(
      () => expect(ids.map((id) => only(id).name)).toEqual(Object.keys(odd).map((n) => n.toLowerCase())),
      settled,
    );
  }, 150_000);
});
