import { randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Docker from 'dockerode';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Problem } from '../../model/errors.ts';
import { docker, type DockerOptions } from '../../runtimes/docker.ts';
import type { Spec } from '../../runtimes/runtime.ts';
import { cacheFolder } from '../../tools/cache.ts';
import { demoImage } from '../../tools/image.ts';
import { startRegistry } from '../../tools/registry.ts';
import { runtimeContract } from './suite.ts';

const host = process.env['DOCKER_HOST'] ?? '';
const engine = (): Docker => new Docker({ socketPath: host.replace('unix://', '') });
const options: DockerOptions = {
  host,
  timeoutMs: 60_000,
  hostOptions: { networkMode: 'none' },
  pullConcurrency: 2,
  stopTimeout: 3,
};
const signal = (): AbortSignal => AbortSignal.timeout(60_000);

async function removeAll(managerId: string): Promise<void> {
  const all = await engine().listContainers({ all: true, filters: { label: [`opencti-manager=${managerId}`] } });
  await Promise.all(all.map((c) => engine().getContainer(c.Id).remove({ force: true, v: true })));
}

runtimeContract('Docker', () => {
  const managerId = `suite-${randomUUID()}`;
  const create = async (name: string, labels: Record<string, string>, env: string[]) =>
    engine().createContainer({ name, Image: demoImage, Labels: labels, Env: env, HostConfig: { NetworkMode: 'none' } });
  return Promise.resolve({
    runtime: docker(options),
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
    cleanUp: () => removeAll(managerId),
  });
});

describe('Docker alone', () => {
  const managerId = `docker-${randomUUID()}`;
  const runtime = docker(options);
  afterAll(async () => {
    await removeAll(managerId);
    runtime.close();
  });
  const spec = (name: string, hash = 'h1', changes: Partial<Spec> = {}): Spec => ({
    connectorId: name,
    name,
    image: demoImage,
    env: [{ key: 'OPENCTI_CONFIG_HASH', value: hash, sensitive: false }],
    labels: {
      'opencti-manager': managerId,
      'opencti-connector-id': name,
      'opencti-platform': 'opencti',
      'cadenza-spec-hash': 's',
    },
    contractHash: hash,
    specHash: 's',
    ...changes,
  });
  const all = async (id: string) =>
    engine().listContainers({
      all: true,
      filters: { label: [`opencti-connector-id=${id}`, `opencti-manager=${managerId}`] },
    });

  test('every option of daemon.docker reaches the container', async () => {
    const rich = docker({
      ...options,
      hostOptions: {
        networkMode: 'none',
        extraHosts: ['a.example:10.0.0.1'],
        dns: ['10.0.0.2'],
        dnsSearch: ['example'],
        privileged: true,
        capAdd: ['NET_ADMIN'],
        capDrop: ['MKNOD'],
        securityOpt: ['no-new-privileges'],
        usernsMode: 'host',
        pidMode: 'host',
        ipcMode: 'private',
        utsMode: 'host',
        runtime: 'runc',
        shmSize: 67_108_864,
        sysctls: { 'net.ipv4.ip_forward': '1' },
        ulimits: [{ name: 'nofile', soft: 100, hard: 200 }],
        restartPolicy: 'on-failure:3',
        memoryLimit: 134_217_728,
        cpuLimit: 0.5,
      },
    });
    await rich.deploy(spec('rich-options'), false, signal());
    const [made] = await all('rich-options');
    const { HostConfig } = await engine()
      .getContainer(made?.Id ?? '')
      .inspect();
    expect(HostConfig).toMatchObject({
      NetworkMode: 'none',
      ExtraHosts: ['a.example:10.0.0.1'],
      Dns: ['10.0.0.2'],
      DnsSearch: ['example'],
      Privileged: true,
      CapAdd: ['NET_ADMIN'],
      CapDrop: ['MKNOD'],
      SecurityOpt: expect.arrayContaining(['no-new-privileges']) as unknown,
      UsernsMode: 'host',
      PidMode: 'host',
      IpcMode: 'private',
      UTSMode: 'host',
      Runtime: 'runc',
      ShmSize: 67_108_864,
      Sysctls: { 'net.ipv4.ip_forward': '1' },
      Ulimits: [{ Name: 'nofile', Soft: 100, Hard: 200 }],
      RestartPolicy: { Name: 'on-failure', MaximumRetryCount: 3 },
      Memory: 134_217_728,
      NanoCpus: 500_000_000,
    });
    rich.close();
  });

  test('the CA bundle is in the container before it starts, readable by all and writable by nobody', async () => {
    await runtime.deploy(spec('with-ca', 'h1', { caBundle: 'PEM TEXT' }), true, signal());
    const [made] = await all('with-ca');
    const stat = (await engine()
      .getContainer(made?.Id ?? '')
      .infoArchive({ path: '/etc/ssl/certs/xtm-proxy-ca.crt' })) as unknown as { headers: Record<string, string> };
    const info = JSON.parse(Buffer.from(stat.headers['x-docker-container-path-stat'] ?? '', 'base64').toString()) as {
      mode: number;
      size: number;
    };
    expect(info.mode & 0o777).toBe(0o444);
    expect(info.size).toBe('PEM TEXT'.length);
  });

  test('a paused container is seen and woken', async () => {
    await runtime.deploy(spec('paused-one'), true, signal());
    const [made] = await all('paused-one');
    await engine()
      .getContainer(made?.Id ?? '')
      .pause();
    const look = () => runtime.find({ connectorId: 'paused-one', variableId: '', names: ['paused-one'] }, signal());
    expect((await look())[0]?.state).toBe('paused');
    await runtime.unpause(made?.Id ?? '', signal());
    await runtime.unpause(made?.Id ?? '', signal());
    expect((await look())[0]?.state).toBe('running');
  });

  describe('a swap that was interrupted is completed or undone by the next try', () => {
    const settledTo = async (id: string, hash: string, running: boolean) => {
      const left = await all(id);
      expect(left.map((c) => c.Names[0])).toEqual([`/${id}`]);
      const info = await engine()
        .getContainer(left[0]?.Id ?? '')
        .inspect();
      expect(info.Config.Env).toContain(`OPENCTI_CONFIG_HASH=${hash}`);
      expect(info.State.Running).toBe(running);
    };
    const container = (id: string, name: string, hash: string) =>
      engine().createContainer({
        name,
        Image: demoImage,
        Env: [`OPENCTI_CONFIG_HASH=${hash}`],
        Labels: { ...spec(id).labels },
        HostConfig: { NetworkMode: 'none' },
      });

    test('after the new one was created', async () => {
      const old = await container('cut-1', 'cut-1', 'h1');
      await old.start();
      await container('cut-1', 'cut-1-next', 'h2');
      await runtime.refresh(spec('cut-1', 'h2'), old.id, true, signal());
      await settledTo('cut-1', 'h2', true);
    });

    test('after the old one was stopped', async () => {
      const old = await container('cut-2', 'cut-2', 'h1');
      await container('cut-2', 'cut-2-next', 'h2');
      await runtime.refresh(spec('cut-2', 'h2'), old.id, true, signal());
      await settledTo('cut-2', 'h2', true);
    });

    test('after the old one was renamed', async () => {
      const old = await container('cut-3', 'cut-3-prev', 'h1');
      await container('cut-3', 'cut-3-next', 'h2');
      await runtime.refresh(spec('cut-3', 'h2'), old.id, true, signal());
      await settledTo('cut-3', 'h2', true);
    });

    test('after the new one took the name', async () => {
      const old = await container('cut-4', 'cut-4-prev', 'h1');
      await container('cut-4', 'cut-4', 'h2');
      await runtime.refresh(spec('cut-4', 'h2'), old.id, true, signal());
      await settledTo('cut-4', 'h2', true);
    });

    test('after the new one was started', async () => {
      const old = await container('cut-5', 'cut-5-prev', 'h1');
      await (await container('cut-5', 'cut-5', 'h2')).start();
      await runtime.refresh(spec('cut-5', 'h2'), old.id, true, signal());
      await settledTo('cut-5', 'h2', true);
    });

    test('a start that the engine refuses puts the old one back, running', async () => {
      const broken = docker({ ...options, hostOptions: { networkMode: 'container:does-not-exist-anywhere' } });
      const old = await container('cut-6', 'cut-6', 'h1');
      await old.start();
      const error = await broken.refresh(spec('cut-6', 'h2'), old.id, true, signal()).catch((e: unknown) => e);
      expect(error).toBeInstanceOf(Problem);
      expect((error as Problem).type).toMatch(/SwapUndone|CreateRefused/);
      await settledTo('cut-6', 'h1', true);
      expect((await all('cut-6'))[0]?.Id).toBe(old.id);
      broken.close();
    });

    test('and without an order to start, the new one stays down', async () => {
      const old = await container('cut-7', 'cut-7-prev', 'h1');
      await container('cut-7', 'cut-7', 'h2');
      await runtime.refresh(spec('cut-7', 'h2'), old.id, false, signal());
      await settledTo('cut-7', 'h2', false);
    });
  });

  describe('pulls, from a real registry', () => {
    const dir = mkdtempSync(join(tmpdir(), 'cadenza-pulls-'));
    let registry: Awaited<ReturnType<typeof startRegistry>>;
    const quiet = () => undefined;
    const pushed = async (image: string): Promise<void> => {
      const stream = await engine()
        .getImage(image)
        .push({ authconfig: { username: '', password: '' } });
      await new Promise<void>((resolve, reject) =>
        engine().modem.followProgress(stream, (e) => (e ? reject(e) : resolve())),
      );
    };
    const push = async (tag: string): Promise<string> => {
      const reference = `${registry.server}/team/demo`;
      await engine().getImage(demoImage).tag({ repo: reference, tag });
      await pushed(`${reference}:${tag}`);
      await engine().getImage(`${reference}:${tag}`).remove();
      return `${reference}:${tag}`;
    };
    beforeAll(async () => {
      registry = await startRegistry({ dir, cache: cacheFolder() });
    });
    afterAll(async () => {
      await registry.stop();
      rmSync(dir, { recursive: true, force: true });
    });

    test('an image is pulled and there afterwards; its progress is told', async () => {
      const image = await push('1');
      const told: string[] = [];
      await runtime.pull(image, 'always', undefined, (t) => told.push(t), signal());
      expect((await engine().getImage(image).inspect()).RepoTags).toContain(image);
      await engine().getImage(image).remove();
    });

    test('an image that is not there is an ImagePull problem that names it', async () => {
      const image = `${registry.server}/team/demo:none`;
      const error = await runtime.pull(image, 'always', undefined, quiet, signal()).catch((e: unknown) => e);
      expect(error).toMatchObject({ type: 'ImagePull', kind: 'retryable' });
      expect((error as Error).message).toContain(image);
    });

    test('policy never does not pull, missing pulls only what is missing', async () => {
      const image = await push('2');
      expect(await runtime.pull(image, 'never', undefined, quiet, signal()).catch((e: unknown) => e)).toMatchObject({
        type: 'ImagePull',
      });
      await runtime.pull(image, 'missing', undefined, quiet, signal());
      await registry.stop();
      await runtime.pull(image, 'missing', undefined, quiet, signal());
      expect(await runtime.pull(image, 'always', undefined, quiet, signal()).catch((e: unknown) => e)).toMatchObject({
        type: 'ImagePull',
      });
      await engine().getImage(image).remove();
      registry = await startRegistry({ dir, cache: cacheFolder() });
    });

    test('the digest that runs and the one the registry has now differ once the tag was moved', async () => {
      const image = await push('moving');
      await runtime.pull(image, 'always', undefined, quiet, signal());
      await runtime.deploy(spec('drifting', 'h1', { image }), false, signal());
      const [made] = await all('drifting');
      const running = await runtime.runningDigest(made?.Id ?? '', signal());
      expect(running).toMatch(/^sha256:[0-9a-f]{64}$/);
      expect(await runtime.availableDigest(image, undefined, signal())).toBe(running);
      const other = await engine().createContainer({ name: `other-${managerId}`, Image: demoImage, Cmd: ['other'] });
      await other.commit({ repo: image.replace(/:[^:]*$/, ''), tag: 'moving' });
      await other.remove();
      await pushed(image);
      expect(await runtime.availableDigest(image, undefined, signal())).not.toBe(running);
      expect(await runtime.runningDigest(made?.Id ?? '', signal())).toBe(running);
      await engine()
        .getContainer(made?.Id ?? '')
        .remove({ force: true });
      await engine().getImage(image).remove();
    });

    test('what the registry does not have is said, with its name', async () => {
      const image = `${registry.server}/team/demo:gone`;
      const error = await runtime.availableDigest(image, undefined, signal()).catch((e: unknown) => e);
      expect(error).toMatchObject({ type: 'ImagePull' });
      expect((error as Error).message).toContain(image);
    });

    test('an image that came from no registry has no digest', async () => {
      await runtime.deploy(spec('local-image'), false, signal());
      const [made] = await all('local-image');
      expect(await runtime.runningDigest(made?.Id ?? '', signal())).toBeUndefined();
    });

    test('one waiter that gives up does not end the pull of the others', async () => {
      const image = await push('3');
      const leaving = new AbortController();
      const first = runtime.pull(image, 'always', undefined, quiet, leaving.signal).catch((e: unknown) => e);
      const second = runtime.pull(image, 'always', undefined, quiet, signal());
      leaving.abort(new Error('gave up'));
      expect(await first).toBeInstanceOf(Error);
      await second;
      expect((await engine().getImage(image).inspect()).RepoTags).toContain(image);
      await engine().getImage(image).remove();
    });
  });

  test('an engine that does not answer is RuntimeUnavailable, with a hint', async () => {
    const nobody = docker({ ...options, host: 'unix:///nowhere/docker.sock' });
    const error = await nobody.list(['x'], signal()).catch((e: unknown) => e);
    expect(error).toMatchObject({ type: 'RuntimeUnavailable' });
    expect((error as Error).message).toContain('DOCKER_HOST');
    nobody.close();
  });
});
