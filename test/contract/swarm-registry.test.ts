import { randomUUID } from 'node:crypto';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type Docker from 'dockerode';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Runtime, Spec } from '../../runtimes/runtime.ts';
import { swarm } from '../../runtimes/swarm.ts';
import { inCache } from '../../tools/cache.ts';
import { demoImage } from '../../tools/image.ts';
import { type Registry, startRegistry } from '../../tools/registry.ts';
import type { Swarm } from '../../tools/swarm.ts';
import {
  type Passed,
  between,
  cache,
  client,
  here,
  options,
  ownSwarm,
  problemOf,
  signal,
  specOf,
  tasksOf,
} from './swarm-support.ts';

/** The password `registry-password`. */
const htpasswd = 'tester:$2b$05$Jowa6jmL75hgaZcYD8uAb.drTS3Alz6vfMOFxRdaobW6B99Cxpyi.\n';
const credentials = { username: 'tester', password: 'registry-password' };

describe.runIf(here && existsSync(inCache(cache).registry))('a Swarm and a registry with a password', () => {
  const managerId = `registry-${randomUUID()}`;
  let own: Swarm;
  let registry: Registry;
  let door: Awaited<ReturnType<typeof between>>;
  let runtime: Runtime;
  let end: () => Promise<void>;
  beforeAll(async () => {
    let dir: string;
    ({ swarm: own, dir, end } = await ownSwarm());
    registry = await startRegistry({ dir: join(dir, 'registry'), cache, htpasswd });
    await own.reach(Number(registry.server.split(':')[1]));
    await push(client(own), '1');
    door = await between(own, dir, () => Promise.resolve(undefined));
    const auth = () => ({ server: registry.server, ...credentials });
    runtime = swarm(options({ ...own, host: door.host }, { auth }));
  });
  afterAll(async () => {
    runtime.close();
    await door.close();
    await registry.stop();
    await end();
  });

  const reference = (tag: string): string => `${registry.server}/demo:${tag}`;
  /** Puts the demo image there, and forgets it here: only a pull brings it back. */
  async function push(engine: Docker, tag: string): Promise<void> {
    await engine.getImage(demoImage).tag({ repo: `${registry.server}/demo`, tag });
    const image = engine.getImage(reference(tag));
    const stream = await image.push({ authconfig: { ...credentials, serveraddress: registry.server } });
    await new Promise<void>((resolve, reject) =>
      engine.modem.followProgress(stream, (error) => (error ? reject(error) : resolve())),
    );
    await image.remove();
  }
  const spec = (tag: string, hash: string): Spec => specOf(managerId, 'private-x', hash, { image: reference(tag) });
  const pull = (tag: string, auth: typeof credentials = credentials) =>
    runtime.pull(reference(tag), 'always', { server: registry.server, ...auth }, () => undefined, signal());
  const only = async () => {
    const [o] = await runtime.list([managerId], signal());
    return o!;
  };
  const running = async (ref: string) =>
    (await tasksOf(client(own), ref)).filter((t) => t.Status.State === 'running').map((t) => t.ID);
  const writes = ({ method, path }: Passed): boolean =>
    method === 'POST' && (path.includes('/services/create') || path.includes('/update'));

  test('a node pulls by digest with the credentials of every write; what cannot be resolved stops nothing', async () => {
    await pull('1');
    await runtime.deploy(spec('1', 'h1'), true, signal());
    const first = await only();
    expect(first).toMatchObject({ state: 'running', image: reference('1') });
    expect(first.imageDigest).toMatch(/^sha256:[0-9a-f]{64}$/);
    expect(await runtime.runningDigest(first.ref, signal())).toBe(first.imageDigest);

    await pull('not-there');
    const before = await running(first.ref);
    expect(await problemOf(runtime.refresh(spec('not-there', 'h2'), first.ref, true, signal()))).toMatchObject({
      type: 'ImagePull',
    });
    await pull('1', { ...credentials, password: 'wrong' });
    const refused = await problemOf(runtime.refresh(spec('1', 'h2'), first.ref, true, signal()));
    expect(refused).toMatchObject({ type: 'ImagePull' });
    expect(refused.message).not.toContain(credentials.password);
    expect(await running(first.ref)).toEqual(before);
    expect(await only()).toMatchObject({ state: 'running', contractHash: 'h1' });

    await push(client(own), '2');
    await pull('2');
    await runtime.refresh(spec('2', 'h3'), first.ref, true, signal());
    await runtime.stop(first.ref, false, signal());
    await runtime.start(first.ref, signal());
    expect(await only()).toMatchObject({ state: 'running', image: reference('2'), contractHash: 'h3' });
    const sent = door.calls.filter(writes);
    expect(sent).toHaveLength(4);
    for (const { auth } of sent) expect(auth).toMatchObject({ ...credentials, serveraddress: registry.server });
    await runtime.remove(first.ref, signal());
  });
});
