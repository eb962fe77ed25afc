import { randomUUID, generateKeyPairSync } from 'node:crypto';
import { fileURLToPath } from 'node:url';
import { Client, Connection } from '@temporalio/client';
import type { DataConverter } from '@temporalio/common';
import { DefaultLogger, NativeConnection, Runtime as Sdk, type Worker } from '@temporalio/worker';
import type { Deps, Log, Metrics, Site } from '../../activities/deps.ts';
import type { Platform } from '../../model/connector.ts';
import { defaultPolicy, type Policy } from '../../model/policy.ts';
import type { PlatformClient } from '../../platforms/platform.ts';
import type { Runtime } from '../../runtimes/runtime.ts';
import { attachPlatform } from '../../worker/attach.ts';
import { ensureSearchAttributes } from '../../worker/attributes.ts';
import { createMainWorker, createRuntimeWorker, type WorkersOptions } from '../../worker/engine.ts';
import { createActivities } from '../../activities/index.ts';
import { ensureSchedules } from '../../worker/schedules.ts';
import { makeSite, type SiteSettings } from '../../worker/site.ts';
import { runtimeQueue } from '../../workflows/messages.ts';

/** Everything between a platform client and a runtime, on a real Temporal server, inside the test process. */
export interface Stage {
  readonly client: Client;
  readonly site: Site;
  readonly deps: Deps;
  readonly taskQueue: string;
  readonly logged: string[];
  stop(): Promise<void>;
}

export interface StageOptions {
  readonly address: string;
  readonly namespace?: string;
  readonly platform: PlatformClient;
  /** Further platforms the same worker manages on the same runtime, by the same settings. */
  readonly beside?: readonly PlatformClient[];
  readonly runtime: Runtime;
  readonly managerId: string;
  readonly policy?: Partial<Policy>;
  readonly settings?: Partial<SiteSettings>;
  readonly period?: number;
  readonly taskQueue?: string;
  readonly now?: () => number;
  readonly maxCachedWorkflows?: number;
  /** Without the Schedule the test sweeps by hand. */
  readonly schedules?: boolean;
  readonly dataConverter?: DataConverter;
}

const nothing = () => undefined;
export const silentMetrics: Metrics = {
  synced: nothing,
  connectors: nothing,
  action: nothing,
  guard: nothing,
  pushed: nothing,
};

/** Errors only: the SDK's own log would drown what a test says. */
function quiet(): void {
  try {
    Sdk.install({ logger: new DefaultLogger('ERROR') });
  } catch {
    // Installed already, by an earlier stage of this process.
  }
}

/** Bundled once by the global set-up; from the sources where there was none (benches), or where failures are encrypted. */
function workflowCode(encrypted: boolean): WorkersOptions['workflows'] {
  const codePath = process.env['CADENZA_TEST_BUNDLE'];
  if (codePath !== undefined && !encrypted) return { workflowBundle: { codePath } };
  const workflowsPath = fileURLToPath(new URL('../../workflows/index.ts', import.meta.url));
  return { workflowsPath, bundlerOptions: { preloadModules: [workflowsPath] } };
}

let keys: ReturnType<typeof generateKeyPairSync> | undefined;
/** One RSA key for the whole run: generating them is slow. */
export const testKey = () => (keys ??= generateKeyPairSync('rsa', { modulusLength: 2048 })).privateKey;

export async function startStage(options: StageOptions): Promise<Stage> {
  quiet();
  const namespace = options.namespace ?? 'default';
  const taskQueue = options.taskQueue ?? `test-${randomUUID().slice(0, 8)}`;
  const connection = await Connection.connect({ address: options.address });
  const native = await NativeConnection.connect({ address: options.address });
  await ensureSearchAttributes(connection, namespace);
  const encoded = options.dataConverter === undefined ? {} : { dataConverter: options.dataConverter };
  const client = new Client({ connection, namespace, ...encoded });
  const logged: string[] = [];
  const write = (level: string) => (message: string, data?: Record<string, unknown>) => {
    const error = data?.['error'];
    logged.push(
      `${level} ${message} ${error instanceof Error ? (error.stack ?? '') : ''} ${JSON.stringify(data ?? {})}`,
    );
  };
  const log: Log = { debug: write('debug'), info: write('info'), warn: write('warn'), error: write('error') };
  const engine = await options.runtime.engine(AbortSignal.timeout(10_000));
  const queue = runtimeQueue(taskQueue, options.runtime.kind, engine.id);
  const period = options.period ?? 500;
  const settings: SiteSettings = {
    policy: { ...defaultPolicy, managerIds: [options.managerId], ...options.policy },
    orphanPolicy: {
      sweeps: 2,
      sweepGap: period,
      guardRatio: 0.25,
      guardMin: 3,
      allowMassRemoval: false,
      bothPlatforms: false,
    },
    environment: (record) => ({
      env: [
        ...record.configuration.map((e) => ({ key: e.key, value: e.value, sensitive: e.encrypted })),
        { key: 'OPENCTI_CONFIG_HASH', value: record.contractHash, sensitive: false },
      ],
    }),
    resolveImage: (image) => image,
    registryAuth: () => undefined,
    pullPolicy: 'missing',
    specHash: () => 'spec-1',
    cadence: { poll: period, ping: 5_000, health: 30_000, logs: 10_000, pullTimeout: 600_000 },
    logTail: 100,
    refreshConcurrency: 4,
    showEnvironment: 'off',
    ...options.settings,
  };
  const now = options.now ?? Date.now;
  const place = (platform: PlatformClient): Site => {
    const made = makeSite(platform, options.runtime, settings, log, now);
    made.runtimeQueue = queue;
    return made;
  };
  const site = place(options.platform);
  const all = [site, ...(options.beside ?? []).map(place)];
  const deps: Deps = {
    sites: new Map<Platform, Site>(all.map((one) => [one.platform, one])),
    temporal: client,
    taskQueue,
    log,
    metrics: silentMetrics,
    now,
  };
  const activities = createActivities(deps);
  const workerOptions: WorkersOptions = {
    connection: native,
    namespace,
    identity: taskQueue,
    workflows: workflowCode(options.dataConverter !== undefined),
    graceMs: 2_000,
    ...encoded,
    ...(options.maxCachedWorkflows === undefined ? {} : { maxCachedWorkflows: options.maxCachedWorkflows }),
  };
  const workers: readonly Worker[] = await Promise.all([
    createMainWorker(deps, activities, workerOptions),
    createRuntimeWorker(deps, activities, queue, workerOptions),
  ]);
  const running = Promise.allSettled(workers.map((w) => w.run()));
  for (const { platform } of all) {
    if (options.schedules !== false) await ensureSchedules(client, platform, taskQueue, queue);
    await attachPlatform(client, taskQueue, platform, {
      runtime: options.runtime.kind,
      engineId: engine.id,
      runtimeQueue: queue,
      period,
    });
  }
  return {
    client,
    site,
    deps,
    taskQueue,
    logged,
    stop: async () => {
      for (const w of workers) if (w.getState() === 'RUNNING') w.shutdown();
      await running;
      options.runtime.close();
      await native.close();
      // A call of an activity that was abandoned may be tried once more by a timer; on a closed connection it would throw.
      setTimeout(() => void connection.close(), 60_000).unref();
    },
  };
}
