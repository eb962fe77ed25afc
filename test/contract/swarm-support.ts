import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import Docker from 'dockerode';
import type { SwarmOptions } from '../../runtimes/swarm.ts';
import type { Spec } from '../../runtimes/runtime.ts';
import { cacheFolder, inCache } from '../../tools/cache.ts';
import type { Engine } from '../../tools/engine.ts';
import { demoImage } from '../../tools/image.ts';
import { type Swarm, startSwarm } from '../../tools/swarm.ts';

export const cache = cacheFolder();
/** Engines of their own network need root, and the engine that the set-up loads. */
export const here = process.getuid?.() === 0 && existsSync(inCache(cache).engine);

/** A Swarm of the test's own. */
export async function ownSwarm(init = true): Promise<{ swarm: Swarm; dir: string; end: () => Promise<void> }> {
  const dir = mkdtempSync(join(tmpdir(), 'cadenza-swarm-'));
  try {
    const swarm = await startSwarm({ dir: join(dir, 'one'), cache, init });
    return {
      swarm,
      dir,
      end: async () => {
        await swarm.stop();
        rmSync(dir, { recursive: true, force: true });
      },
    };
  } catch (error) {
    rmSync(dir, { recursive: true, force: true });
    throw error;
  }
}

export const client = (engine: Engine): Docker => new Docker({ socketPath: engine.host.replace('unix://', '') });

/** Tasks of the tests share the engine's network, and the Swarm tries again sooner than it would by itself. */
export const options = (engine: Engine, changes: Partial<SwarmOptions> = {}): SwarmOptions => ({
  host: engine.host,
  timeoutMs: 30_000,
  startTimeout: 20_000,
  pullPolicy: 'missing',
  auth: () => undefined,
  ...changes,
  service: { network: 'host', stopGracePeriod: 3e9, restartDelay: 2e9, ...changes.service },
});

export const signal = (): AbortSignal => AbortSignal.timeout(90_000);

export const specOf = (managerId: string, name: string, hash = 'h1', changes: Partial<Spec> = {}): Spec => ({
  connectorId: name,
  name,
  image: demoImage,
  labels: {
    'opencti-manager': managerId,
    'opencti-connector-id': name,
    'opencti-platform': 'opencti',
    'cadenza-spec-hash': 's',
  },
  contractHash: hash,
  specHash: 's',
  ...changes,
  env: [{ key: 'OPENCTI_CONFIG_HASH', value: hash, sensitive: false }, ...(changes.env ?? [])],
});

export async function until(what: string, condition: () => Promise<boolean>, ms = 30_000): Promise<void> {
  const deadline = Date.now() + ms;
  while (!(await condition())) {
    if (Date.now() > deadline) throw new Error(`waited in vain for ${what}`);
    await sleep(100);
  }
}

export interface SeenTask {
  readonly ID: string;
  readonly NodeID?: string;
  readonly Status: { readonly State: string; readonly ContainerStatus?: { readonly ContainerID?: string } };
  readonly Spec: { readonly ContainerSpec: { readonly Env?: readonly string[] } };
}

export const tasksOf = async (engine: Docker, ref: string): Promise<readonly SeenTask[]> =>
  (await engine.listTasks({ filters: { service: [ref] } })) as unknown as readonly SeenTask[];

/** Container of the task that runs. */
export async function containerOf(engine: Docker, ref: string): Promise<Docker.Container> {
  const running = (await tasksOf(engine, ref)).find((t) => t.Status.State === 'running');
  return engine.getContainer(running?.Status.ContainerStatus?.ContainerID ?? '');
}

export const problemOf = (work: Promise<unknown>): Promise<{ type: string; message: string }> =>
  work.then(
    () => ({ type: 'no error', message: '' }),
    (error: unknown) => error as { type: string; message: string },
  );
