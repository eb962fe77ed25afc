import { randomUUID } from 'node:crypto';
import { Client, Connection } from '@temporalio/client';
import type { CommandName } from '../../model/command.ts';
import type { RuntimeObject } from '../../model/connector.ts';
import { connectorLabel } from '../../model/labels.ts';
import { clientOf, freshNamespace, until } from '../../bench/support.ts';
import { type Sandbox, startSandbox } from '../../sandbox/server.ts';
import type { OrphansResult } from '../../workflows/orphans.ts';
import * as messages from '../../workflows/messages.ts';
import { type FakeRuntime, fakeRuntime } from '../support/fake-runtime.ts';
import { type Stage, startStage } from '../support/stage.ts';

/** Where lives are recorded: Cadenza between a sandbox platform and a runtime in memory, in a namespace of its own. */
export interface Scene {
  readonly sandbox: Sandbox;
  readonly runtime: FakeRuntime;
  readonly stage: Stage;
  idOf(name: string): string;
  object(name: string): RuntimeObject | undefined;
  state(name: string): Promise<messages.ConnectorState>;
  /** Waits until the connector rests in this phase and the platform was told. */
  rests(name: string, phase: messages.ConnectorState['summary']['phase'], told?: messages.Status): Promise<void>;
  command(name: string, command: CommandName): Promise<void>;
  /** One orphan sweep; answers with its workflow id and what it removed. */
  sweep(): Promise<{ readonly workflowId: string; readonly removed: readonly string[] }>;
  /** Histories of this workflow's runs, oldest first, kept under these names. */
  keep(workflowId: string, ...names: readonly string[]): Promise<void>;
  close(): Promise<void>;
}

export const image = 'opencti/connector-demo:1';
export const period = 500;
const prefix = 'cadenza';
const manager = 'recorder';
const engine = 'engine-1';
export const queue = messages.runtimeQueue(prefix, 'docker', engine);
export const platformArgs = (more: Partial<messages.PlatformInput> = {}): messages.PlatformInput => ({
  platform: 'opencti',
  attachment: { runtime: 'docker', engineId: engine, runtimeQueue: queue, period },
  ...more,
});
export const deadline = 90_000;

export type Keep = (name: string, history: unknown, secrets: readonly string[]) => void;

export async function makeScene(
  address: string,
  keep: Keep,
  more: {
    readonly policy?: Parameters<typeof startStage>[0]['policy'];
    readonly pullTime?: (image: string) => number;
    /** The platform's workflow is started with this before a worker attaches to it. */
    readonly platform?: messages.PlatformInput;
    readonly before?: (sandbox: Sandbox) => void;
  } = {},
): Promise<Scene> {
  const namespace = await freshNamespace(address);
  const sandbox = await startSandbox({ token: randomUUID() });
  more.before?.(sandbox);
  const runtime = fakeRuntime({ id: engine, ...(more.pullTime === undefined ? {} : { pullTime: more.pullTime }) });
  if (more.platform !== undefined) {
    const connection = await Connection.connect({ address });
    await new Client({ connection, namespace }).workflow.start('platform', {
      workflowId: messages.platformWorkflowId('opencti'),
      taskQueue: messages.mainQueue(prefix),
      args: [more.platform],
    });
    await connection.close();
  }
  const stage = await startStage({
    address,
    namespace,
    platform: clientOf(sandbox, manager),
    runtime,
    managerId: manager,
    period,
    taskQueue: prefix,
    schedules: false,
    ...(more.policy === undefined ? {} : { policy: more.policy }),
  });
  // Without a manager the platform has no key to encrypt with.
  await until(deadline, () => sandbox.control.managers().length > 0);
  const idOf = (name: string): string => sandbox.control.connector(name).id;
  const handle = (name: string) => stage.client.workflow.getHandle(messages.connectorWorkflowId('opencti', idOf(name)));
  const state: Scene['state'] = (name) => handle(name).query(messages.connectorState);
  let sweeps = 0;
  return {
    sandbox,
    runtime,
    stage,
    idOf,
    object: (name) => [...runtime.objects.values()].find((o) => o.labels[connectorLabel] === idOf(name)),
    state,
    rests: async (name, phase, told) => {
      await until(deadline, async () => {
        const now = await state(name).catch(() => undefined);
        const current = sandbox.control.connector(name).current;
        return now?.summary.phase === phase && now.doing === null && (told === undefined || current === told);
      });
    },
    command: async (name, command) => {
      await handle(name).executeUpdate(messages.apply, { args: [{ command, waitMs: 20_000 }] });
    },
    sweep: async () => {
      sweeps += 1;
      const workflowId = `orphans:opencti:${sweeps}`;
      const result: OrphansResult = await stage.client.workflow.execute('orphans', {
        workflowId,
        taskQueue: messages.mainQueue(prefix),
        args: [{ platform: 'opencti', runtimeQueue: queue }],
      });
      return { workflowId, removed: result.removed };
    },
    keep: async (workflowId, ...names) => {
      const runs: { readonly runId: string; readonly startTime: Date }[] = [];
      await until(deadline, async () => {
        runs.length = 0;
        for await (const run of stage.client.workflow.list({ query: `WorkflowId = '${workflowId}'` })) runs.push(run);
        return runs.length >= names.length;
      });
      runs.sort((a, b) => a.startTime.getTime() - b.startTime.getTime());
      for (const [i, name] of names.entries()) {
        const history = await stage.client.workflow.getHandle(workflowId, runs[i]?.runId).fetchHistory();
        keep(name, history, [sandbox.token, ...sandbox.control.secrets()]);
      }
    },
    close: async () => {
      await stage.stop();
      await sandbox.close();
    },
  };
}
