import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type PortainerOptions, portainer } from '../../runtimes/portainer.ts';
import type { Runtime } from '../../runtimes/runtime.ts';
import { demoImage } from '../../tools/image.ts';
import type { Shim } from '../support/portainer-shim.ts';
import { engine, key, optionsFor, removeAll, shimFor, signal, specFor } from './portainer-support.ts';
import { runtimeContract } from './suite.ts';

runtimeContract('Portainer', async () => {
  const managerId = `portainer-suite-${randomUUID()}`;
  const shim = await shimFor({ base: '/portainer' });
  const create = async (name: string, labels: Record<string, string>, env: string[]) =>
    engine().createContainer({ name, Image: demoImage, Labels: labels, Env: env, HostConfig: { NetworkMode: 'none' } });
  return {
    runtime: portainer(optionsFor(shim.url, { stack: 'suite' })),
    managerId,
    image: demoImage,
    logs: true,
    foreign: async (name) => {
      const container = await create(name, {}, []);
      return {
        state: async () => JSON.stringify(await container.inspect()),
        remove: async () => void (await container.remove({ force: true })),
      };
    },
    legacy: async (name, labels, hash) => {
      const container = await create(name, { ...labels }, [`OPENCTI_CONFIG_HASH=${hash}`]);
      await container.start();
      return container.id;
    },
    kill: async (ref) => void (await engine().getContainer(ref).kill()),
    refused: (s) => ({ ...s, image: 'cadenza/not-there:1' }),
    cleanUp: async () => {
      await removeAll(managerId);
      await shim.close();
    },
  };
});

describe('Portainer alone', () => {
  const managerId = `portainer-${randomUUID()}`;
  const made: Runtime[] = [];
  let shim: Shim;
  beforeAll(async () => {
    shim = await shimFor();
  });
  afterAll(async () => {
    for (const one of made) one.close();
    await removeAll(managerId);
    await shim.close();
  });
  const runtimeWith = (more: Partial<PortainerOptions> = {}, url = shim.url): Runtime => {
    const one = portainer(optionsFor(url, more));
    made.push(one);
    return one;
  };
  const containerOf = async (name: string) => {
    const [found] = await engine().listContainers({ all: true, filters: { label: [`opencti-connector-id=${name}`] } });
    return engine()
      .getContainer(found?.Id ?? '')
      .inspect();
  };

  test('is called portainer, and the engine is the one behind it', async () => {
    const runtime = runtimeWith();
    expect(runtime.kind).toBe('portainer');
    const info = (await engine().info()) as { ID: string; ServerVersion: string };
    expect(await runtime.engine(signal())).toEqual({ id: info.ID, version: info.ServerVersion });
  });

  test('a container belongs to the stack, has the options, and runs', async () => {
    const runtime = runtimeWith({ stack: 'cti', hostOptions: { networkMode: 'none', capDrop: ['MKNOD'] } });
    await runtime.deploy(specFor(managerId, 'p-stack'), true, signal());
    const { Config, HostConfig, State } = await containerOf('p-stack');
    expect(Config.Labels).toMatchObject({
      'com.docker.compose.project': 'cti',
      'opencti-connector-id': 'p-stack',
      'opencti-manager': managerId,
    });
    expect(HostConfig).toMatchObject({ NetworkMode: 'none', CapDrop: ['MKNOD'] });
    expect(State.Running).toBe(true);
  });

  test('without a stack there is no label of one', async () => {
    await runtimeWith().deploy(specFor(managerId, 'p-plain'), false, signal());
    expect((await containerOf('p-plain')).Config.Labels).not.toHaveProperty('com.docker.compose.project');
  });

  test('the CA bundle is in the container before it starts', async () => {
    await runtimeWith().deploy(specFor(managerId, 'p-ca', { caBundle: 'PEM TEXT' }), true, signal());
    const { Id } = await containerOf('p-ca');
    const archive = await engine().getContainer(Id).getArchive({ path: '/etc/ssl/certs/xtm-proxy-ca.crt' });
    let tar = '';
    for await (const chunk of archive) tar += String(chunk);
    expect(tar).toContain('PEM TEXT');
  });

  test('removal takes anonymous volumes along', async () => {
    const runtime = runtimeWith();
    const container = await engine().createContainer({
      name: 'p-volume',
      Image: demoImage,
      Labels: specFor(managerId, 'p-volume').labels,
      Volumes: { '/data': {} },
      HostConfig: { NetworkMode: 'none' },
    });
    const [mount] = (await container.inspect()).Mounts;
    await runtime.remove(container.id, signal());
    await expect(
      engine()
        .getVolume(mount?.Name ?? 'none')
        .inspect(),
    ).rejects.toMatchObject({ statusCode: 404 });
  });

  test('every call has the key, and the engine never sees it', async () => {
    await runtimeWith().list([managerId], signal());
    expect(shim.passed.length).toBeGreaterThan(0);
    expect(shim.passed.every(({ headers }) => headers['x-api-key'] === key)).toBe(true);
  });

  test.each([
    ['an older engine', 'v1.44', { least: '1.24', most: '1.41' }, 'v1.41'],
    ['a newer engine', 'v1.41', { least: '1.44', most: '1.52' }, 'v1.44'],
    ['an engine that speaks it', '1.43', { least: '1.24', most: '1.47' }, 'v1.43'],
  ])('%s: the version is one it speaks', async (_what, apiVersion, versions, used) => {
    const one = await shimFor({ versions });
    try {
      const runtime = runtimeWith({ apiVersion }, one.url);
      const name = `p-version-${used}`;
      await runtime.deploy(specFor(managerId, name), true, signal());
      expect((await containerOf(name)).State.Running).toBe(true);
      const asked = one.passed.map(({ call }) => / \/(v[\d.]+)\//.exec(call)?.[1]).filter((v) => v !== undefined);
      expect(new Set(asked)).toEqual(new Set([used]));
    } finally {
      await one.close();
    }
  });

  test('an environment that got another engine: the version is agreed on anew', async () => {
    const versions = { least: '1.24', most: '1.47' };
    const one = await shimFor({ versions });
    try {
      const runtime = runtimeWith({}, one.url);
      await runtime.engine(signal());
      versions.most = '1.41';
      await expect(runtime.engine(signal())).rejects.toMatchObject({ type: 'RuntimeUnavailable' });
      expect((await runtime.engine(signal())).id).not.toBe('');
    } finally {
      await one.close();
    }
  });
});
