import { randomUUID } from 'node:crypto';
import { Connection } from '@temporalio/client';
import { vi } from 'vitest';
import type { RuntimeObject } from '../../model/connector.ts';
import { connectorLabel } from '../../model/labels.ts';
import { opencti } from '../../platforms/opencti.ts';
import type { Runtime } from '../../runtimes/runtime.ts';
import { type Sandbox, startSandbox } from '../../sandbox/server.ts';
import { type FakeRuntime, fakeRuntime } from './fake-runtime.ts';
import { type Stage, type StageOptions, startStage, testKey } from './stage.ts';

/** A sandbox platform, a runtime in memory, and Cadenza's workflows between them in a namespace of their own. */
export interface Ground {
  readonly sandbox: Sandbox;
  readonly runtime: FakeRuntime;
  readonly namespace: string;
  readonly address: string;
  /** Starts the worker again after `stop`, maybe with other settings; the first is running already. */
  restart(more?: GroundOptions): Promise<Stage>;
  stage(): Stage;
  idOf(name: string): string;
  objectsOf(name: string): readonly RuntimeObject[];
  /** What the platform was told last. */
  reported(name: string): string | null;
  close(): Promise<void>;
}

export type GroundOptions = Partial<Omit<StageOptions, 'address' | 'namespace' | 'platform'>> & {
  /** Seen by the platform before the worker starts. */
  readonly before?: (sandbox: Sandbox, runtime: FakeRuntime) => void;
};

export const groundManager = 'ground-manager';
export const groundImage = 'cadenza/demo-connector:1';

export async function makeGround(options: GroundOptions = {}): Promise<Ground> {
  const address = process.env['TEMPORAL_ADDRESS'] ?? '';
  const namespace = `ground-${randomUUID().slice(0, 8)}`;
  await makeNamespace(address, namespace);
  const sandbox = await startSandbox({ token: 'ground-token' });
  const runtime = fakeRuntime({ id: `engine-${namespace}` });
  options.before?.(sandbox, runtime);
  const start = (more: GroundOptions = {}): Promise<Stage> =>
    startStage({
      address,
      namespace,
      runtime: runtime as Runtime,
      managerId: groundManager,
      period: 300,
      taskQueue: namespace,
      schedules: false,
      platform: opencti({
        url: sandbox.url,
        token: sandbox.token,
        manager: { id: groundManager, name: 'Ground' },
        key: testKey(),
        listingTimeoutMs: 3_000,
        withProxy: false,
        unsecuredCertificate: false,
        proxyCa: [],
        requestTimeoutMs: 3_000,
        connectTimeoutMs: 2_000,
      }),
      ...more,
    });
  let stage = await start(options);
  const idOf = (name: string): string => sandbox.control.connector(name).id;
  return {
    sandbox,
    runtime,
    namespace,
    address,
    restart: async (more) => (stage = await start({ ...options, ...more })),
    stage: () => stage,
    idOf,
    objectsOf: (name) => {
      const id = idOf(name);
      return [...runtime.objects.values()].filter((o) => o.labels[connectorLabel] === id);
    },
    reported: (name) => sandbox.control.connector(name).current,
    close: async () => {
      await stage.stop();
      await sandbox.close();
    },
  };
}

/** Waits until the assertions in `so` hold; the last failure is the error after `ms`. */
export const eventually = (so: () => void | Promise<void>, ms = 20_000): Promise<void> =>
  vi.waitFor(so, { timeout: ms, interval: 50 });

async function makeNamespace(address: string, namespace: string): Promise<void> {
  const connection = await Connection.connect({ address });
  await connection.workflowService.registerNamespace({
    namespace,
    workflowExecutionRetentionPeriod: { seconds: 86_400 as never },
  });
  await eventually(async () => {
    await connection.workflowService.listWorkflowExecutions({ namespace, query: '' });
    await connection.operatorService.listSearchAttributes({ namespace });
  });
  await connection.close();
}
