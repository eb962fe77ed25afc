import { randomUUID } from 'node:crypto';
import { Connection } from '@temporalio/client';
import { vi } from 'vitest';
import type { CommandName, CommandResult } from '../../model/command.ts';
import type { RuntimeObject } from '../../model/connector.ts';
import { connectorLabel } from '../../model/labels.ts';
import { openaev } from '../../platforms/openaev.ts';
import { opencti } from '../../platforms/opencti.ts';
import type { ClientOptions } from '../../platforms/options.ts';
import type { ConnectorSummary } from '../../model/summary.ts';
import type { PlatformClient } from '../../platforms/platform.ts';
import type { Runtime } from '../../runtimes/runtime.ts';
import type { OrphansResult } from '../../workflows/orphans.ts';
import * as messages from '../../workflows/messages.ts';
import { type Sandbox, startSandbox } from '../../sandbox/server.ts';
import { type FakeOptions, type FakeRuntime, fakeRuntime } from './fake-runtime.ts';
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
  /** By id, for connectors the platform has forgotten. */
  objects(id: string): readonly RuntimeObject[];
  state(id: string): Promise<messages.ConnectorState>;
  command(id: string, command: CommandName): Promise<CommandResult>;
  /** What `cadenza list` shows of the workflows this query finds, by connector id. */
  listed(query?: string): Promise<ReadonlyMap<string, ConnectorSummary>>;
  /** Waits until Cadenza has begun this many more listings than now, so that it has dealt with what it saw before. */
  polls(count: number): Promise<void>;
  /** One orphan sweep; answers with the ids it handed over for removal. */
  sweep(): Promise<readonly string[]>;
  /** What the platform was told last. */
  reported(name: string): string | null;
  close(): Promise<void>;
}

export type GroundOptions = Partial<Omit<StageOptions, 'address' | 'namespace' | 'platform' | 'beside'>> & {
  /** Seen by the platform before the worker starts. */
  readonly before?: (sandbox: Sandbox, runtime: FakeRuntime) => void | Promise<void>;
  readonly fake?: FakeOptions;
  /** The same worker also manages the sandbox's OpenAEV. */
  readonly bothPlatforms?: boolean;
};

export const groundManager = 'ground-manager';
export const groundImage = 'cadenza/demo-connector:1';

const clientOptions = (sandbox: Sandbox): ClientOptions => ({
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
});

/** The sandbox as this manager sees it. */
export const groundPlatform = (sandbox: Sandbox): PlatformClient => opencti(clientOptions(sandbox));

export async function makeGround(options: GroundOptions = {}): Promise<Ground> {
  const address = process.env['TEMPORAL_ADDRESS'] ?? '';
  const namespace = `ground-${randomUUID().slice(0, 8)}`;
  await makeNamespace(address, namespace);
  const sandbox = await startSandbox({ token: 'ground-token' });
  const runtime = fakeRuntime({ id: `engine-${namespace}`, ...options.fake });
  await options.before?.(sandbox, runtime);
  const start = (more: GroundOptions = {}): Promise<Stage> =>
    startStage({
      address,
      namespace,
      runtime: runtime as Runtime,
      managerId: groundManager,
      period: 300,
      taskQueue: namespace,
      schedules: false,
      platform: groundPlatform(sandbox),
      beside: options.bothPlatforms === true ? [openaev(clientOptions(sandbox))] : [],
      ...more,
    });
  let stage = await start(options);
  const idOf = (name: string): string => sandbox.control.connector(name).id;
  const objects = (id: string) => [...runtime.objects.values()].filter((o) => o.labels[connectorLabel] === id);
  const handle = (id: string) => stage.client.workflow.getHandle(messages.connectorWorkflowId('opencti', id));
  const listings = () => sandbox.control.calls({ operation: 'connectorsForManagers' }).length;
  return {
    sandbox,
    runtime,
    namespace,
    address,
    restart: async (more) => (stage = await start({ ...options, ...more })),
    stage: () => stage,
    idOf,
    objectsOf: (name) => objects(idOf(name)),
    objects,
    state: (id) => handle(id).query(messages.connectorState),
    command: (id, command) => handle(id).executeUpdate(messages.apply, { args: [{ command, waitMs: 30_000 }] }),
    listed: async (query = 'WorkflowType = "connector"') => {
      const found = new Map<string, ConnectorSummary>();
      for await (const { memo } of stage.client.workflow.list({ query })) {
        const summary = memo?.['summary'] as ConnectorSummary | undefined;
        if (summary !== undefined) found.set(summary.id, summary);
      }
      return found;
    },
    polls: async (count) => {
      const enough = listings() + count + 1;
      await eventually(() => {
        if (listings() < enough) throw new Error(`${enough - listings()} listings are missing`);
      }, 60_000);
    },
    sweep: async () => {
      const { attachment } = await stage.client.workflow
        .getHandle(messages.platformWorkflowId('opencti'))
        .query(messages.platformState);
      const { removed }: OrphansResult = await stage.client.workflow.execute('orphans', {
        workflowId: `sweep-${randomUUID()}`,
        taskQueue: messages.mainQueue(stage.taskQueue),
        args: [{ platform: 'opencti', runtimeQueue: attachment.runtimeQueue }],
      });
      return removed;
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
