import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Docker from 'dockerode';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { cacheFolder, inCache } from '../../tools/cache.ts';
import { demoImage } from '../../tools/image.ts';
import { type Registry, startRegistry } from '../../tools/registry.ts';

const cache = cacheFolder();
const host = process.env['DOCKER_HOST'];
const here = existsSync(inCache(cache).registry) && host?.startsWith('unix://') === true;
const docker = new Docker({ socketPath: host?.slice('unix://'.length) ?? '' });
/** The password `registry-password`. */
const htpasswd = 'tester:$2b$05$Jowa6jmL75hgaZcYD8uAb.drTS3Alz6vfMOFxRdaobW6B99Cxpyi.\n';
const auth = { username: 'tester', password: 'registry-password' };

let dir: string;
let registry: Registry | undefined;
const pushed: string[] = [];
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'cadenza-registry-'));
});
afterEach(async () => {
  for (const reference of pushed.splice(0)) await docker.getImage(reference).remove();
  await registry?.stop();
  rmSync(dir, { recursive: true, force: true });
});

const follow = (stream: NodeJS.ReadableStream) =>
  new Promise<void>((resolve, reject) =>
    docker.modem.followProgress(stream, (error) => (error ? reject(error) : resolve())),
  );

async function push(server: string, authconfig?: typeof auth): Promise<void> {
  const repo = `${server}/demo`;
  await docker.getImage(demoImage).tag({ repo, tag: '1' });
  pushed.push(`${repo}:1`);
  await follow(await docker.getImage(`${repo}:1`).push({ authconfig: authconfig ?? {} }));
}

test.runIf(here)('credentials decide', async () => {
  registry = await startRegistry({ dir, cache, htpasswd });
  await push(registry.server, auth);
  expect((await fetch(`http://${registry.server}/v2/demo/tags/list`)).status).toBe(401);
  const authorization = `Basic ${Buffer.from(`${auth.username}:${auth.password}`).toString('base64')}`;
  const list = await fetch(`http://${registry.server}/v2/demo/tags/list`, { headers: { authorization } });
  expect(await list.json()).toEqual({ name: 'demo', tags: ['1'] });
});

test.runIf(here)('a layer comes as slowly as it is told to, and whole', async () => {
  registry = await startRegistry({ dir, cache, bytesPerSecond: 400_000 });
  await push(registry.direct);
  const accept = 'application/vnd.docker.distribution.manifest.v2+json';
  const manifest = await fetch(`http://${registry.server}/v2/demo/manifests/1`, { headers: { accept } });
  const [layer] = ((await manifest.json()) as { layers: readonly { digest: string; size: number }[] }).layers;
  const begun = Date.now();
  const blob = await fetch(`http://${registry.server}/v2/demo/blobs/${layer?.digest}`);
  expect((await blob.arrayBuffer()).byteLength).toBe(layer?.size);
  expect(Date.now() - begun).toBeGreaterThan(((layer?.size ?? 0) / 400_000) * 900);
});
