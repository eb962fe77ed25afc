import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type PortainerOptions, portainer } from '../../runtimes/portainer.ts';
import { registryHeader } from '../../runtimes/portainer/credentials.ts';
import type { RegistryAuth, Runtime } from '../../runtimes/runtime.ts';
import { cacheFolder } from '../../tools/cache.ts';
import { demoImage } from '../../tools/image.ts';
import { type Registry, startRegistry } from '../../tools/registry.ts';
import type { Shim } from '../support/portainer-shim.ts';
import { engine, optionsFor, shimFor, signal } from './portainer-support.ts';

/** A password whose Base64 differs by alphabet, and its bcrypt. */
const password = 'a~~~???>>>é';
const htpasswd = 'tester:$2b$05$Jowa6jmL75hgaZcYD8uAb.Pw5Cqzjowj2bXRG1DUlD68VPs.1O3PG\n';

describe('credentials, from a real registry through Portainer', () => {
  let dir: string;
  let registry: Registry;
  let shim: Shim;
  let auth: RegistryAuth;
  let image: string;
  const made: Runtime[] = [];
  const runtimeWith = (more: Partial<PortainerOptions> = {}): Runtime => {
    const one = portainer(optionsFor(shim.url, more));
    made.push(one);
    return one;
  };
  const pull = (runtime: Runtime, own?: RegistryAuth) => runtime.pull(image, 'always', own, () => undefined, signal());

  beforeAll(async () => {
    dir = mkdtempSync(join(tmpdir(), 'cadenza-portainer-registry-'));
    registry = await startRegistry({ dir, cache: cacheFolder(), htpasswd });
    auth = { server: registry.server, username: 'tester', password };
    const stored = { username: 'tester', password, serveraddress: registry.server };
    shim = await shimFor({ registries: { 7: stored } });
    const repo = `${registry.server}/team/demo`;
    image = `${repo}:1`;
    await engine().getImage(demoImage).tag({ repo, tag: '1' });
    const stream = await engine().getImage(image).push({ authconfig: stored });
    await new Promise<void>((resolve, reject) =>
      engine().modem.followProgress(stream, (error) => (error ? reject(error) : resolve())),
    );
    await engine().getImage(image).remove();
  });
  afterAll(async () => {
    for (const one of made) one.close();
    await shim.close();
    await registry.stop();
    rmSync(dir, { recursive: true, force: true });
  });
  const there = async (): Promise<void> => {
    expect((await engine().getImage(image).inspect()).RepoTags).toContain(image);
    await engine().getImage(image).remove();
  };

  test('our own reach the registry whole, whatever is in them', async () => {
    await pull(runtimeWith(), auth);
    await there();
    expect(await runtimeWith().availableDigest(image, auth, signal())).toMatch(/^sha256:/);
  });

  test('those of a registry stored in Portainer take their place', async () => {
    await pull(runtimeWith({ registryId: 7 }));
    await there();
    const asked = shim.passed.findLast(({ call }) => call.includes('/images/create'));
    const header = Buffer.from(String(asked?.headers['x-registry-auth']), 'base64').toString();
    expect(JSON.parse(header)).toEqual({ registryId: 7 });
  });

  test('without any, or with wrong ones, it is an ImagePull problem that names the image', async () => {
    for (const own of [undefined, { ...auth, password: 'wrong' }]) {
      const error = await pull(runtimeWith(), own).catch((e: unknown) => e);
      expect(error).toMatchObject({ type: 'ImagePull' });
      expect((error as Error).message).toContain(image);
      expect((error as Error).message).not.toContain('wrong');
    }
  });

  test('the header is the same text in both alphabets', () => {
    for (const text of [password, 'ÿþ\u007f~~?', '漢字>>>', 'plain']) {
      const header = registryHeader({ password: text });
      expect(header).toMatch(/^[A-Za-z0-9]+=*$/);
      expect(JSON.parse(Buffer.from(header, 'base64').toString())).toEqual({ password: text });
    }
  });
});
