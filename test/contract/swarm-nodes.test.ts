import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { countCrashes } from '../../model/crash.ts';
import { newMemory } from '../../model/memory.ts';
import type { RuntimeObject } from '../../model/connector.ts';
import type { Runtime } from '../../runtimes/runtime.ts';
import { swarm } from '../../runtimes/swarm.ts';
import type { Engine } from '../../tools/engine.ts';
import type { Swarm } from '../../tools/swarm.ts';
import { client, here, options, ownSwarm, signal, specOf, tasksOf, until } from './swarm-support.ts';

describe.runIf(here)('a Swarm of two nodes', () => {
  const s = specOf(`nodes-${randomUUID()}`, 'moves-x', 'h1', {
    env: [{ key: 'DEMO_LOG_INTERVAL', value: '1', sensitive: false }],
  });
  let own: Swarm;
  let other: Engine;
  let runtime: Runtime;
  let end: () => Promise<void>;
  beforeAll(async () => {
    let dir: string;
    ({ swarm: own, dir, end } = await ownSwarm());
    runtime = swarm(options(own));
    other = await own.another(join(dir, 'two'));
    await own.join(other);
  });
  afterAll(async () => {
    runtime.close();
    await end();
  });

  const look = async (): Promise<RuntimeObject> => {
    const found = await runtime.find({ connectorId: s.connectorId, variableId: '', names: [s.name] }, signal());
    expect(found).toHaveLength(1);
    return found[0]!;
  };
  const running = async (ref: string) => (await tasksOf(client(own), ref)).find((t) => t.Status.State === 'running');
  /** A node as it is, but for new tasks or not. */
  const make = async (id: string, availability: 'active' | 'drain') => {
    const node = client(own).getNode(id);
    const { Spec, Version } = (await node.inspect()) as { Spec: object; Version: { Index: number } };
    await node.update({ version: Version.Index, ...Spec, Availability: availability });
  };
  /** Crashes that a workflow counts which knew it as `before` and looks at every moment until a task runs on `wanted`. */
  const crashesUntil = async (before: RuntimeObject, wanted: (node: string) => boolean): Promise<number> => {
    let known = before;
    let crashes = 0;
    await until('its task elsewhere', async () => {
      const o = await look();
      crashes += countCrashes({ ...newMemory(''), known }, o, '1970-01-01T00:00:00Z');
      known = o;
      return o.state === 'running' && o.instance !== before.instance && wanted((await running(o.ref))?.NodeID ?? '');
    });
    return crashes;
  };

  test('a drained node’s task moves without a crash, a killed one is one; logs come from both', async () => {
    await runtime.deploy(s, true, signal());
    const first = await look();
    const task = await running(first.ref);
    expect(first.instance).toBe(task?.ID);
    const home = task?.NodeID ?? '';
    const linesOf = async () => runtime.logs(first.ref, { tail: 100 }, signal());
    await until('a line', async () => (await linesOf()).length > 0);

    await make(home, 'drain');
    expect(await crashesUntil(first, (node) => node !== '' && node !== home)).toBe(0);
    const moved = await look();
    expect(moved).toMatchObject({ ref: first.ref, state: 'running', contractHash: 'h1', runtimeRestarts: 0 });
    await until('a line from the other node', async () =>
      (await linesOf()).some((line) => line.at > (moved.startedAt ?? '')),
    );

    const { ContainerID: id = '' } = (await running(first.ref))?.Status.ContainerStatus ?? {};
    for (const engine of [own, other])
      await client(engine)
        .getContainer(id)
        .kill()
        .catch(() => undefined);
    expect(await crashesUntil(moved, (node) => node !== '' && node !== home)).toBe(1);
    expect(await look()).toMatchObject({ runtimeRestarts: 1, exitCode: 137 });
    await make(home, 'active');
    await runtime.remove(first.ref, signal());
  });
});
