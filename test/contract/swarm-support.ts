import { randomUUID } from 'node:crypto';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { createServer, request as httpRequest } from 'node:http';
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
  auth: () => undefined,
  ...changes,
  service: { network: 'host', stopGracePeriod: 3e9, restartDelay: 2e9, ...changes.service },
});

export const signal = (ms = 90_000): AbortSignal => AbortSignal.timeout(ms);

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

/** An image from the demo's whose process runs this instead. */
export async function variant(engine: Docker, name: string, script: string): Promise<string> {
  const container = await engine.createContainer({
    Image: demoImage,
    Cmd: ['/bin/sh', '-c', script],
    HostConfig: { NetworkMode: 'none' },
  });
  await container.commit({ repo: `cadenza/${name}`, tag: '1' });
  await container.remove();
  return `cadenza/${name}:1`;
}

export interface Passed {
  readonly method: string;
  readonly path: string;
  /** What `X-Registry-Auth` held. */
  readonly auth?: Readonly<Record<string, string>>;
}

/** The engine behind a socket that sees every call, and may answer one itself (`status`) or do something before it. */
export async function between(
  engine: Engine,
  dir: string,
  before: (call: Passed) => Promise<{ readonly status: number; readonly message: string } | undefined>,
): Promise<{ readonly host: string; readonly calls: readonly Passed[]; close(): Promise<void> }> {
  const calls: Passed[] = [];
  const path = join(dir, `between-${randomUUID().slice(0, 8)}.sock`);
  const server = createServer((request, response) => {
    const header = request.headers['x-registry-auth'];
    const call: Passed = {
      method: request.method ?? '',
      path: request.url ?? '',
      ...(typeof header === 'string'
        ? { auth: JSON.parse(Buffer.from(header, 'base64url').toString()) as Record<string, string> }
        : {}),
    };
    calls.push(call);
    void before(call).then((own) => {
      if (own !== undefined) {
        request.resume();
        response.writeHead(own.status, { 'content-type': 'application/json' });
        return response.end(JSON.stringify({ message: own.message }));
      }
      const { method, url: to, headers } = request;
      const socketPath = engine.host.replace('unix://', '');
      const out = httpRequest({ socketPath, path: to ?? '', method: method ?? 'GET', headers }, (answer) => {
        response.writeHead(answer.statusCode ?? 500, answer.headers);
        // A stream of events has begun long before the first of them.
        response.flushHeaders();
        answer.pipe(response);
      });
      out.on('error', () => response.destroy());
      response.on('close', () => out.destroy());
      return request.pipe(out);
    });
  });
  await new Promise<void>((resolve) => server.listen(path, resolve));
  return {
    host: `unix://${path}`,
    calls,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
