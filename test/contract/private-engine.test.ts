import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Docker from 'dockerode';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { cacheFolder, inCache } from '../../tools/cache.ts';
import { type Engine, startEngine } from '../../tools/engine.ts';
import { demoImage, importDemoImage } from '../../tools/image.ts';
import { mountsBelow } from '../../tools/mounts.ts';
import { alive, until } from '../../tools/processes.ts';

const cache = cacheFolder();
const here = process.getuid?.() === 0 && existsSync(inCache(cache).engine);

let dir: string;
let engine: Engine | undefined;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'cadenza-engine-'));
});
afterEach(async () => {
  await engine?.stop();
  rmSync(dir, { recursive: true, force: true });
});

const client = () => new Docker({ socketPath: engine?.host.slice('unix://'.length) ?? '' });
const mounts = (folder: string) => mountsBelow(folder, readFileSync('/proc/mounts', 'utf8'));

async function runsContainer(): Promise<string> {
  await importDemoImage(engine?.host ?? '', cache);
  const container = await client().createContainer({ Image: demoImage, HostConfig: { NetworkMode: 'host' } });
  await container.start();
  expect((await container.inspect()).State.Running).toBe(true);
  return container.id;
}

// 64 characters is where the deepest socket of an engine becomes too long, 90 where the client's does.
test.runIf(here).each([64, 100, 180])('an engine in a folder of %i characters', async (length) => {
  const folder = join(dir, 'x'.repeat(length - dir.length - 1));
  mkdirSync(folder);
  engine = await startEngine({ dir: folder, cache });
  await runsContainer();
  await engine.stop();
  expect(alive(engine.pid)).toBe(false);
  expect(existsSync(engine.host.slice('unix://'.length))).toBe(false);
  expect(mounts(folder)).toEqual([]);
});

test.runIf(here)('an engine that was killed starts again on its folder and leaves nothing mounted', async () => {
  const first = await startEngine({ dir, cache });
  engine = first;
  const id = await runsContainer();
  process.kill(first.pid, 'SIGKILL');
  await until('its end', 5_000, () => !alive(first.pid));
  engine = await startEngine({ dir, cache });
  await client().getContainer(id).start();
  expect((await client().getContainer(id).inspect()).State.Running).toBe(true);
  await engine.stop();
  expect(mounts(dir)).toEqual([]);
});
