import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { RuntimeObject } from '../../model/connector.ts';
import { connectorLabel, managerLabel, platformLabel } from '../../model/labels.ts';
import { legacyName } from '../../model/names.ts';
import type { Sandbox } from '../../sandbox/server.ts';
import type { FakeRuntime } from '../support/fake-runtime.ts';
import { type Ground, eventually, groundImage, groundManager, groundPlatform, makeGround } from '../support/ground.ts';

const formerManager = 'former-manager';
const settled = 60_000;
const signal = () => AbortSignal.timeout(10_000);

interface Left {
  readonly name: string;
  readonly id: string;
  readonly object: RuntimeObject;
}

/** What XTM Composer leaves of a connector: known to the platform, its container labelled as that made it. */
async function leave(
  sandbox: Sandbox,
  runtime: FakeRuntime,
  names: readonly string[],
  how: (i: number) => { readonly up: boolean; readonly name?: string; readonly labels?: RuntimeObject['labels'] },
): Promise<readonly Left[]> {
  const { control } = sandbox;
  const platform = groundPlatform(sandbox);
  await platform.register(signal());
  const ids = names.map(
    (name, i) =>
      control.add({
        name,
        image: groundImage,
        requested: how(i).up ? 'starting' : 'stopping',
        configuration: [{ key: 'TOKEN', value: `token of ${name}`, secret: true }],
      }).id,
  );
  const { records } = await platform.list(signal());
  const hashes = new Map(records.map((r) => [r.id, r.contractHash]));
  const left: Left[] = [];
  for (const [i, name] of names.entries()) {
    const id = ids[i] ?? '';
    const { up, name: container, labels } = how(i);
    await platform.reportStatus(id, up ? 'started' : 'stopped', signal());
    const at = new Date(Date.now() - 3_600_000).toISOString();
    const object = runtime.plant({
      name: container ?? legacyName(name),
      labels: { [managerLabel]: groundManager, [connectorLabel]: id, ...labels },
      image: groundImage,
      contractHash: hashes.get(id) ?? '',
      state: up ? 'running' : 'down',
      createdAt: at,
      startedAt: at,
      ...(up ? {} : { finishedAt: at, exitCode: 0 }),
    });
    left.push({ name, id, object: { ...object } });
  }
  await platform.close();
  return left;
}

const here = { [platformLabel]: 'opencti' };
const listedAs = async (g: Ground, left: readonly Left[]): Promise<readonly (string | undefined)[]> => {
  const listed = await g.listed();
  return left.map(({ id }) => listed.get(id)?.phase);
};

describe.skipIf(!process.env['TEMPORAL_ADDRESS'])('a fleet that XTM Composer left', () => {
  let g: Ground;
  let left: readonly Left[];
  let statuses: number;
  const up = (i: number) => i % 5 !== 4;

  beforeAll(async () => {
    const names = Array.from({ length: 20 }, (_, i) => `Left behind ${i}`);
    g = await makeGround({
      policy: { managerIds: [groundManager, formerManager] },
      before: async (sandbox, runtime) => {
        left = await leave(sandbox, runtime, [...names, 'multiple   spaces', 'Étoile (beta)', 'Former'], (i) => ({
          up: up(i),
          labels: i === names.length + 2 ? { [managerLabel]: formerManager } : i % 2 === 0 ? here : {},
        }));
        statuses = sandbox.control.statusCalls().length;
      },
    });
  });
  afterAll(() => g.close());

  test('goes on as it is: nothing is done to it and nothing is told', async () => {
    const wanted = left.map((_, i) => (up(i) ? 'running' : 'stopped'));
    await eventually(async () => expect(await listedAs(g, left)).toEqual(wanted), settled);
    await g.polls(3);
    expect(g.runtime.calls).toEqual([]);
    expect(g.sandbox.control.statusCalls().slice(statuses)).toEqual([]);
    expect([...g.runtime.objects.values()]).toEqual(left.map((l) => l.object));
    expect(await listedAs(g, left)).toEqual(wanted);
  });

  test('each has a workflow that says so in the log the platform shows', async () => {
    for (const { id, object } of left) {
      const { memory, summary } = await g.state(id);
      expect(memory.lines.map((l) => [l.event, l.text])).toEqual([
        ['adopted', `found "${object.name}" (${object.state}) and took it over as it is`],
      ]);
      expect(summary).toMatchObject({ container: object.name, restarts: 0 });
      await eventually(() =>
        expect(g.sandbox.control.connector(id).logs.join('\n')).toContain(`adopted: found "${object.name}"`),
      );
    }
  });

  test('names that only XTM Composer would give are kept', () => {
    const names = left.slice(20).map(({ id }) => g.objects(id).map((o) => o.name));
    expect(names).toEqual([['multiple---spaces'], ['étoile--beta-'], ['former']]);
  });

  test('a sweep over it finds no orphan', async () => {
    expect(await g.sweep()).toEqual([]);
    expect(g.runtime.calls).toEqual([]);
  });

  test('the next change of one gives it all labels of its own, the others stay', async () => {
    const [, one, ...others] = left;
    if (one === undefined) throw new Error('nothing was left');
    expect(one.object.labels[platformLabel]).toBeUndefined();
    g.sandbox.control.reset(one.id);
    await eventually(() => {
      const [object, ...more] = g.objects(one.id);
      expect(more).toEqual([]);
      expect(object).toMatchObject({ state: 'running', name: one.object.name });
      expect(object?.ref).not.toBe(one.object.ref);
      expect(object?.labels).toMatchObject({ [managerLabel]: groundManager, [connectorLabel]: one.id, ...here });
    }, settled);
    for (const { id, object } of others) expect(g.objects(id)).toEqual([object]);
  });
});

describe.skipIf(!process.env['TEMPORAL_ADDRESS'])('containers that are not ours', () => {
  let g: Ground;
  let left: readonly Left[];
  const strangers: RuntimeObject[] = [];
  const image = 'somebody/else:1';
  const add = (sandbox: Sandbox, name: string) =>
    sandbox.control.add({ name, image: groundImage, requested: 'starting', configuration: [] }).id;
  const plant = (runtime: FakeRuntime, name: string, more: Partial<RuntimeObject> = {}): void => {
    const at = new Date(Date.now() - 60_000).toISOString();
    const made = runtime.plant({ name, labels: {}, image, state: 'running', createdAt: at, startedAt: at, ...more });
    strangers.push({ ...made, labels: { ...made.labels } });
  };

  beforeAll(async () => {
    g = await makeGround({
      before: async (sandbox, runtime) => {
        left = await leave(sandbox, runtime, ['Moved'], () => ({ up: true, name: 'moved-before', labels: here }));
        plant(runtime, 'foreign', { labels: { 'com.docker.compose.project': 'other' } });
        plant(runtime, 'by-hand', { runsConnector: true });
        plant(runtime, 'other-id', {
          labels: { [managerLabel]: groundManager, [connectorLabel]: 'x', [platformLabel]: 'openaev' },
        });
        add(sandbox, 'Foreign');
        add(sandbox, 'By hand');
        add(sandbox, 'Other id');
        const id = add(sandbox, 'Other manager');
        plant(runtime, 'other-manager', { labels: { [managerLabel]: 'unknown', [connectorLabel]: id } });
      },
    });
    await eventually(() => expect(g.reported('Foreign')).toBe('started'), settled);
  });
  afterAll(() => g.close());

  const untouched = (): void => {
    for (const object of strangers) expect(g.runtime.objects.get(object.ref)).toEqual(object);
  };

  test('one under the name of a connector keeps it; the connector gets another', async () => {
    for (const name of ['Foreign', 'Other id'])
      await eventually(() => {
        const objects = g.objectsOf(name);
        expect(objects).toHaveLength(1);
        expect(objects[0]?.state).toBe('running');
        expect(objects[0]?.name).toMatch(new RegExp(`^${legacyName(name)}-[0-9a-f]{8}$`));
        expect(g.reported(name)).toBe('started');
      }, settled);
    untouched();
  });

  test('where the connector runs already by other hands, it is not made a second time, and the list says why', async () => {
    const expected = { 'By hand': 'unmanaged container', 'Other manager': 'manager.previous_ids' };
    for (const [name, why] of Object.entries(expected)) {
      await eventually(async () => {
        const summary = (await g.listed()).get(g.idOf(name));
        expect(summary).toMatchObject({ phase: 'failed', currentStatus: 'stopped' });
        expect(summary?.lastError?.message).toContain(why);
        expect(g.reported(name)).toBe('stopped');
      }, settled);
    }
    await g.polls(2);
    expect([...g.runtime.objects.values()].filter((o) => ['by-hand', 'other-manager'].includes(o.name))).toHaveLength(
      2,
    );
    expect(g.objectsOf('By hand')).toEqual([]);
    expect(g.objectsOf('Other manager')).toHaveLength(1);
    untouched();
  });

  test('one of ours under another name is renamed in place, without an end of its process', async () => {
    const [moved] = left;
    if (moved === undefined) throw new Error('nothing was left');
    await eventually(() => expect(g.objects(moved.id)).toEqual([{ ...moved.object, name: 'moved' }]), settled);
    expect(g.sandbox.control.statusCalls(moved.id)).toHaveLength(1);
  });

  test('sweeps leave them alone', async () => {
    await g.sweep();
    await g.polls(2);
    expect(await g.sweep()).toEqual([]);
    untouched();
  });
});
