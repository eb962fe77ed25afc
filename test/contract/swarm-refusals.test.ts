import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type SwarmOptions, swarm } from '../../runtimes/swarm.ts';
import type { Runtime, Spec } from '../../runtimes/runtime.ts';
import type { Engine } from '../../tools/engine.ts';
import type { Swarm } from '../../tools/swarm.ts';
import { swarmChecks } from '../../worker/doctor/swarm.ts';
import {
  type Passed,
  between,
  client,
  here,
  options,
  ownSwarm,
  problemOf,
  signal,
  specOf,
  tasksOf,
  until,
  variant,
} from './swarm-support.ts';

describe.runIf(here)('a Swarm that says no', () => {
  const managerId = `refusals-${randomUUID()}`;
  const made: Runtime[] = [];
  let own: Swarm;
  let dir: string;
  let end: () => Promise<void>;
  const runtimeOn = (engine: Engine, changes: Partial<SwarmOptions> = {}): Runtime => {
    const one = swarm(options(engine, changes));
    made.push(one);
    return one;
  };
  let runtime: Runtime;
  beforeAll(async () => {
    ({ swarm: own, dir, end } = await ownSwarm());
    runtime = runtimeOn(own);
  });
  afterAll(async () => {
    for (const one of made) one.close();
    await end();
  });

  const spec = (name: string, hash = 'h1', changes: Partial<Spec> = {}): Spec =>
    specOf(managerId, `${name}-x`, hash, { env: [{ key: 'API_TOKEN', value: 's3cret', sensitive: true }], ...changes });
  const only = async (s: Spec) => {
    const found = await runtime.find({ connectorId: s.connectorId, variableId: '', names: [s.name] }, signal());
    expect(found).toHaveLength(1);
    return found[0]!;
  };
  const configs = async () => (await client(own).listConfigs()).map((c) => c.Spec?.Name);
  const running = async (ref: string) =>
    (await tasksOf(client(own), ref)).filter((t) => t.Status.State === 'running').map((t) => t.ID);
  const nothingOf = async (s: Spec) => {
    expect(await runtime.find({ connectorId: s.connectorId, variableId: '', names: [s.name] }, signal())).toEqual([]);
    expect(await configs()).toEqual([]);
  };

  describe('where no manager answers', () => {
    const facts = (engine: Engine) => ({ platform: 'opencti', options: options(engine), connectorUrl: 'http://x:1' });
    const everything = (r: Runtime): readonly [string, () => Promise<unknown>][] => {
      const s = spec('nowhere');
      return [
        ['engine', () => r.engine(signal())],
        ['list', () => r.list([managerId], signal())],
        ['find', () => r.find({ connectorId: 'x', variableId: 'x', names: ['x'] }, signal())],
        ['deploy', () => r.deploy(s, true, signal())],
        ['refresh', () => r.refresh(s, 'x', true, signal())],
        ['start', () => r.start('x', signal())],
        ['stop', () => r.stop('x', false, signal())],
        ['remove', () => r.remove('x', signal())],
        ['logs', () => r.logs('x', { tail: 1 }, signal())],
        [
          'events',
          () =>
            r
              .events([managerId], () => undefined, signal())
              [Symbol.asyncIterator]()
              .next(),
        ],
      ];
    };

    test('Swarm is not initialised, then a worker: each call says what to do', async () => {
      const bare = await own.another(join(dir, 'bare'));
      for (const [what, work] of everything(runtimeOn(bare)))
        expect(await problemOf(work()), what).toMatchObject({
          type: 'RuntimeUnavailable',
          kind: 'retryable',
          message: expect.stringContaining('docker swarm init') as string,
        });
      const [checks, id] = await swarmChecks(facts(bare), signal());
      expect(id).toBeUndefined();
      expect(checks[0]).toMatchObject({ ok: false, fix: expect.stringContaining('docker swarm init') as string });

      await own.join(bare);
      for (const [what, work] of everything(runtimeOn(bare)))
        expect(await problemOf(work()), what).toMatchObject({
          type: 'RuntimeUnavailable',
          message: expect.stringContaining('docker node promote') as string,
        });
      const [again] = await swarmChecks(facts(bare), signal());
      expect(again[0]).toMatchObject({ ok: false, detail: expect.stringContaining('worker') as string });
    });

    test('a manager is well, and its network is looked at', async () => {
      const [checks, id] = await swarmChecks(facts(own), signal());
      expect(id).toBe((await runtime.engine(signal())).id);
      expect(checks.map((c) => c.ok)).toEqual([true, true, true]);
      const withNetwork = (network: string) =>
        swarmChecks({ ...facts(own), options: options(own, { service: { network } }) }, signal());
      const [missing] = await withNetwork('no-such-net');
      expect(missing[2]).toMatchObject({ ok: false, fix: expect.stringContaining('daemon.swarm.network') as string });
    });

    test('an engine that is gone', async () => {
      const nobody = runtimeOn({ ...own, host: 'unix:///nowhere/docker.sock' });
      expect(await problemOf(nobody.list([managerId], signal()))).toMatchObject({
        type: 'RuntimeUnavailable',
        message: expect.stringContaining('DOCKER_HOST') as string,
      });
    });
  });

  test('a network that does not exist: nothing is left, and what runs goes on', async () => {
    const lost = runtimeOn(own, { service: { network: 'no-such-net' } });
    const s = spec('no-net', 'h1', { caBundle: 'PEM' });
    const refused = await problemOf(lost.deploy(s, true, signal()));
    expect(refused).toMatchObject({
      type: 'CreateRefused',
      message: expect.stringContaining('no-such-net') as string,
    });
    expect(refused.message).not.toContain('s3cret');
    await nothingOf(s);
    await runtime.deploy(s, true, signal());
    const { ref } = await only(s);
    const before = await running(ref);
    const next = spec('no-net', 'h2', { caBundle: 'OTHER PEM' });
    expect(await problemOf(lost.refresh(next, ref, true, signal()))).toMatchObject({ type: 'CreateRefused' });
    expect(await running(ref)).toEqual(before);
    expect(await configs()).toHaveLength(1);
    // Another name: the old one has to make way first, and comes back.
    const renamed = { ...next, name: 'no-net-y' };
    expect(await problemOf(lost.refresh(renamed, ref, true, signal()))).toMatchObject({ type: 'SwapUndone' });
    expect(await only(s)).toMatchObject({ ref, state: 'running', contractHash: 'h1' });
    await runtime.remove(ref, signal());
    await nothingOf(s);
  });

  describe('a change that does not come up is taken back, hashes included', () => {
    const back = async (name: string, changes: Partial<Spec>, by: Runtime, why: RegExp): Promise<void> => {
      const s = spec(name);
      await runtime.deploy(s, true, signal());
      const { ref } = await only(s);
      const problem = await problemOf(by.refresh(spec(name, 'h2', changes), ref, true, signal(130_000)));
      expect(problem).toMatchObject({ type: 'SwapUndone', kind: 'retryable' });
      expect(problem.message).toMatch(why);
      expect(await only(s)).toMatchObject({ ref, state: 'running', contractHash: 'h1' });
      // And once more, since what was taken back before must not stand in the way.
      const changed = spec(name, 'h3');
      await runtime.refresh(changed, ref, true, signal());
      expect(await only(changed)).toMatchObject({ ref, state: 'running', contractHash: 'h3' });
      await runtime.remove(ref, signal());
    };

    test('an image that no node has', () =>
      back('no-image', { image: 'cadenza/not-there:1' }, runtime, /cadenza\/not-there/));

    test('a process that ends at once', async () => {
      const image = await variant(client(own), 'ends', 'exit 7');
      // The only node that has this image.
      const there = runtimeOn(own, { service: { placementConstraints: ['node.role == manager'] } });
      await back('ends', { image }, there, /exit \(7\)/);
    });

    // The Swarm waits a minute for a task that no node has to end before it starts the next one.
    test('a task no node may have', { timeout: 150_000 }, () =>
      back(
        'nowhere-to-go',
        {},
        runtimeOn(own, { startTimeout: 4_000, service: { placementConstraints: ['node.labels.none == 1'] } }),
        /no suitable node/,
      ),
    );
  });

  test('a first start that no node can make is told in the node’s words; the service stays', async () => {
    const s = spec('first', 'h1', { image: 'cadenza/not-there:1' });
    const problem = await problemOf(runtime.deploy(s, true, signal()));
    expect(problem).toMatchObject({ type: 'ImagePull', message: expect.stringContaining('not-there') as string });
    const o = await only(s);
    expect(o).toMatchObject({ state: 'failed', retried: true, runtimeRestarts: 0 });
    expect(o.startedAt).toBeUndefined();
    await runtime.stop(o.ref, false, signal());
    expect((await only(s)).state).toBe('down');
    await runtime.remove(o.ref, signal());
  });

  describe('faults of single calls', () => {
    const isUpdate = (c: Passed) => c.method === 'POST' && c.path.includes('/update');
    const bump = async (ref: string) => {
      const engine = client(own);
      const { Spec: live, Version } = (await engine.getService(ref).inspect()) as unknown as {
        Spec: { Labels: Record<string, string> };
        Version: { Index: number };
      };
      const changed = { ...live, Labels: { ...live.Labels, 'by-hand': randomUUID() } };
      await engine.getService(ref).update({ version: Version.Index, ...changed } as object);
    };

    test('somebody else was faster: done anew with what is there now, in the end given up', async () => {
      const s = spec('raced');
      await runtime.deploy(s, false, signal());
      const { ref } = await only(s);
      let left = 2;
      const door = await between(own, dir, async (call) => {
        if (isUpdate(call) && left-- > 0) await bump(ref);
        return undefined;
      });
      const raced = runtimeOn({ ...own, host: door.host });
      await raced.start(ref, signal());
      expect(door.calls.filter(isUpdate)).toHaveLength(3);
      expect((await only(s)).state).toBe('running');
      left = Infinity;
      expect(await problemOf(raced.refresh(spec('raced', 'h2'), ref, true, signal()))).toMatchObject({
        type: 'RuntimeUnavailable',
        message: expect.stringContaining('changed by somebody else') as string,
      });
      expect(await only(s)).toMatchObject({ state: 'running', contractHash: 'h1' });
      await door.close();
      await runtime.remove(ref, signal());
    });

    test.each<[string, (c: Passed) => boolean]>([
      ['the config', (c) => c.path.startsWith('/configs/create')],
      ['the service', (c) => c.path.startsWith('/services/create')],
    ])('a 500 on creating %s leaves nothing', async (_what, at) => {
      const s = spec('broken', 'h1', { caBundle: 'PEM' });
      const door = await between(own, dir, (call) =>
        Promise.resolve(at(call) ? { status: 500, message: 'the disk is full' } : undefined),
      );
      const broken = runtimeOn({ ...own, host: door.host });
      expect(await problemOf(broken.deploy(s, true, signal()))).toMatchObject({
        type: 'RuntimeUnavailable',
        message: expect.stringContaining('the disk is full') as string,
      });
      await nothingOf(s);
      await door.close();
    });

    test('a 500 on a read, an update or a removal changes nothing', async () => {
      const s = spec('steady');
      await runtime.deploy(s, true, signal());
      const { ref } = await only(s);
      const before = await running(ref);
      let at: (c: Passed) => boolean = () => false;
      const door = await between(own, dir, (call) =>
        Promise.resolve(at(call) ? { status: 500, message: 'rpc error: code = Internal desc = no' } : undefined),
      );
      const broken = runtimeOn({ ...own, host: door.host });
      const next = spec('steady', 'h2');
      for (const [faulty, work] of [
        [(c: Passed) => c.path.startsWith('/services?'), () => broken.list([managerId], signal())],
        [(c: Passed) => c.path.startsWith('/tasks'), () => broken.list([managerId], signal())],
        [isUpdate, () => broken.refresh(next, ref, true, signal())],
        [isUpdate, () => broken.stop(ref, false, signal())],
        [(c: Passed) => c.path.includes('/logs'), () => broken.logs(ref, { tail: 1 }, signal())],
      ] as const) {
        at = faulty;
        expect(await problemOf(work())).toMatchObject({ type: 'RuntimeUnavailable' });
      }
      expect(await running(ref)).toEqual(before);
      at = (c) => c.method === 'DELETE';
      expect(await problemOf(broken.remove(ref, signal()))).toMatchObject({ type: 'RuntimeUnavailable' });
      expect((await only(s)).ref).toBe(ref);
      await door.close();
      await runtime.remove(ref, signal());
    });

    test('the Swarm has no leader', async () => {
      const message = 'rpc error: code = Unknown desc = The swarm does not have a leader. It is possible that too few';
      const door = await between(own, dir, () => Promise.resolve({ status: 503, message }));
      const headless = runtimeOn({ ...own, host: door.host });
      expect(await problemOf(headless.list([managerId], signal()))).toMatchObject({
        type: 'RuntimeUnavailable',
        message: expect.stringContaining('majority of its managers') as string,
      });
      await door.close();
    });

    test('events end with the engine’s stream', async () => {
      const door = await between(own, dir, () => Promise.resolve(undefined));
      const listening = runtimeOn({ ...own, host: door.host });
      let open = false;
      const events = listening.events([managerId], () => (open = true), signal())[Symbol.asyncIterator]();
      const next = problemOf(events.next());
      await until('the stream', () => Promise.resolve(open));
      await door.close();
      expect(await next).toMatchObject({ type: 'RuntimeUnavailable' });
    });
  });
});
