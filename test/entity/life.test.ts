import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { RuntimeObject } from '../../model/connector.ts';
import { connectorLabel } from '../../model/labels.ts';
import { retire, connectorWorkflowId } from '../../workflows/messages.ts';
import { type Ground, eventually, groundImage, makeGround } from '../support/ground.ts';

const settled = 60_000;

describe.skipIf(!process.env['TEMPORAL_ADDRESS'])('the life of a connector', () => {
  let g: Ground;
  beforeAll(async () => {
    g = await makeGround({
      before: ({ control }) =>
        void control.add({ name: 'Stays', image: groundImage, requested: 'starting', configuration: [] }),
    });
    await eventually(() => expect(g.reported('Stays')).toBe('started'), settled);
  });
  afterAll(() => g.close());

  const add = (name: string, requested?: 'starting'): string =>
    g.sandbox.control.add({
      name,
      image: groundImage,
      configuration: [{ key: 'PACE', value: '1' }],
      ...(requested === undefined ? {} : { requested }),
    }).id;
  const hash = (id: string) => g.sandbox.control.connector(id).hash;
  const only = (id: string): RuntimeObject => {
    const [object, ...more] = g.objects(id);
    expect(more, 'more than one container').toEqual([]);
    if (object === undefined) throw new Error('there is no container');
    return object;
  };
  const told = (id: string) => g.sandbox.control.statusCalls(id).map((c) => c.status);
  /** One container in this state with the platform's present configuration, and the entity at rest. */
  const rests = async (id: string, state: RuntimeObject['state']): Promise<RuntimeObject> => {
    await eventually(async () => {
      expect(only(id)).toMatchObject({ state, contractHash: hash(id) });
      const { summary, doing } = await g.state(id);
      expect({ phase: summary.phase, doing }).toEqual({
        phase: state === 'running' ? 'running' : 'stopped',
        doing: null,
      });
      expect(g.reported(id)).toBe(state === 'running' ? 'started' : 'stopped');
    }, settled);
    return only(id);
  };
  const running = async (name: string): Promise<string> => {
    const id = add(name, 'starting');
    await rests(id, 'running');
    return id;
  };
  /** Everything done to the runtime and told to the platform since, in the order it happened. */
  const story = (id: string, since: number): readonly string[] =>
    [
      ...g.runtime.calls.map(({ at, method }) => ({ at, what: method })),
      ...g.sandbox.control.statusCalls(id).map(({ at, status }) => ({ at: Date.parse(at), what: `told ${status}` })),
    ]
      .filter(({ at }) => at >= since)
      .toSorted((a, b) => a.at - b.at)
      .map(({ what }) => what);

  test('from its addition to its deletion the platform hears of every change once, after it happened', async () => {
    const { control } = g.sandbox;
    const begun = Date.now();
    const id = add('Alpha');
    const made = await rests(id, 'down');
    expect(made).toMatchObject({ name: 'alpha' });
    expect(made.startedAt, 'it must not have run').toBeUndefined();

    control.start(id);
    expect((await rests(id, 'running')).ref).toBe(made.ref);
    control.stop(id);
    expect((await rests(id, 'down')).ref).toBe(made.ref);
    control.start(id);
    expect((await rests(id, 'running')).ref).toBe(made.ref);

    control.edit(id, { configuration: [{ key: 'PACE', value: '2' }] });
    const changed = await rests(id, 'running');
    expect(changed.ref).not.toBe(made.ref);
    const env = new Map(g.runtime.environment(id)?.map(({ key, value }) => [key, value]));
    expect(env.get('PACE')).toBe('2');
    expect(env.get('OPENCTI_CONFIG_HASH')).toBe(hash(id));

    control.edit(id, { name: 'Alpha two' });
    const renamed = await rests(id, 'running');
    expect(renamed).toMatchObject({ name: 'alpha-two' });

    control.edit(id, { image: 'cadenza/demo-connector:2' });
    const replaced = await rests(id, 'running');
    expect(replaced).toMatchObject({ name: 'alpha-two', image: 'cadenza/demo-connector:2' });

    g.runtime.vanish(id);
    const redeployed = await rests(id, 'running');
    expect(redeployed.ref).not.toBe(replaced.ref);

    control.remove(id);
    expect(await g.sweep()).toEqual([]);
    expect(only(id)).toMatchObject({ ref: redeployed.ref, state: 'running' });
    await eventually(async () => expect(await g.sweep()).toEqual([id]), settled);
    await eventually(() => expect(g.objects(id)).toEqual([]), settled);
    await eventually(async () => expect((await g.listed()).get(id)?.phase).toBe('retired'), settled);

    const pulled = (then: string) => ['pull', then];
    expect(story(id, begun)).toEqual([
      ...pulled('deploy'),
      'told stopped',
      'start',
      'told started',
      'stop',
      'told stopped',
      'start',
      'told started',
      ...pulled('refresh'),
      ...pulled('refresh'),
      ...pulled('refresh'),
      ...pulled('deploy'),
      'remove',
    ]);
  });

  test('a stopped one is replaced and made anew without being started, and nothing is told', async () => {
    const id = add('Still');
    const made = await rests(id, 'down');
    g.sandbox.control.edit(id, { configuration: [{ key: 'PACE', value: '2' }] });
    await eventually(() => expect(only(id).ref).not.toBe(made.ref), settled);
    const changed = await rests(id, 'down');
    g.runtime.vanish(id);
    await eventually(() => expect(only(id).ref).not.toBe(changed.ref), settled);
    const again = await rests(id, 'down');
    expect([changed.startedAt, again.startedAt]).toEqual([undefined, undefined]);
    expect(told(id)).toEqual(['stopped']);
  });

  test('back in the listing before its removal, it is kept', async () => {
    const { control } = g.sandbox;
    const id = await running('Returns');
    const { ref } = only(id);
    // Only the first connector is listed.
    control.setFaults({ listing: { mode: 'partial', first: 1 } });
    expect(await g.sweep()).toEqual([]);
    control.clearFaults();
    expect(await g.sweep()).toEqual([]);
    // Missing again, it starts from the first sweep.
    control.setFaults({ listing: { mode: 'partial', first: 1 } });
    expect(await g.sweep()).toEqual([]);
    control.clearFaults();
    expect(await g.sweep()).toEqual([]);
    // The removal is on its way when the platform lists it again.
    const handle = g.stage().client.workflow.getHandle(connectorWorkflowId('opencti', id));
    await handle.signal(retire, { reason: 'a sweep thought so' });
    await g.polls(3);
    expect(await rests(id, 'running')).toMatchObject({ ref });
    expect(told(id)).toEqual(['started']);
  });

  test('a paused container goes on, or is stopped where that is wanted', async () => {
    const id = await running('Pauses');
    const { ref } = only(id);
    g.runtime.pauseObject(id);
    await eventually(() => expect(told(id)).toEqual(['started', 'stopped', 'started']), settled);
    expect(await rests(id, 'running')).toMatchObject({ ref });
    g.sandbox.control.stop(id);
    g.runtime.pauseObject(id);
    expect(await rests(id, 'down')).toMatchObject({ ref });
    await g.polls(3);
    expect(only(id)).toMatchObject({ ref, state: 'down' });
    expect(told(id)).toEqual(['started', 'stopped', 'started', 'stopped']);
  });

  test('connectors of one name have a container each, of different names', async () => {
    const ids = Array.from({ length: 4 }, () => add('Twin', 'starting')).toSorted();
    const objects = await Promise.all(ids.map((id) => rests(id, 'running')));
    const [first, ...others] = objects.map(({ name }) => name);
    expect(first, 'the smallest id has the plain name').toBe('twin');
    for (const name of others) expect(name).toMatch(/^twin-[0-9a-f]{8}$/);
    expect(new Set(others).size).toBe(3);
  });

  test('no status was ever told twice in a row', () => {
    const repeated = g.sandbox.control.statusCalls().filter((c) => c.status === c.previous);
    expect(repeated).toEqual([]);
  });
});

describe.skipIf(!process.env['TEMPORAL_ADDRESS'])('a fleet', () => {
  test('200 connectors at once get exactly 200 containers', { timeout: 240_000 }, async () => {
    const g = await makeGround({ period: 1_000 });
    try {
      const { control } = g.sandbox;
      const ids = Array.from(
        { length: 200 },
        (_, i) => control.add({ name: `Fleet ${i}`, image: groundImage, requested: 'starting', configuration: [] }).id,
      );
      await eventually(() => expect(ids.filter((id) => g.reported(id) !== 'started')).toEqual([]), 180_000);
      await g.polls(2);
      const objects = [...g.runtime.objects.values()];
      expect(objects).toHaveLength(200);
      expect(objects.filter((o) => o.state !== 'running')).toEqual([]);
      expect(new Set(objects.map((o) => o.labels[connectorLabel]))).toEqual(new Set(ids));
      expect(new Set(objects.map((o) => o.name))).toEqual(new Set(ids.map((_, i) => `fleet-${i}`)));
      expect(g.runtime.calls.filter((c) => c.method !== 'pull').map((c) => c.method)).toEqual(ids.map(() => 'deploy'));
      expect(
        control
          .statusCalls()
          .map((c) => c.id)
          .toSorted(),
      ).toEqual(ids.toSorted());
    } finally {
      await g.close();
    }
  });
});
