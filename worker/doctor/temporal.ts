import { Connection, type ConnectionOptions } from '@temporalio/client';
import { nobodyListens } from '../../client/probe.ts';
import type { Check } from '../../model/check.ts';
import { mainQueue } from '../../workflows/messages.ts';
import { advice, bad, good, skipped } from './check.ts';

/** What is needed to look at the Temporal server. */
export interface TemporalTarget {
  readonly address: string;
  readonly namespace: string;
  /** Prefix of the task queues. */
  readonly taskQueue: string;
  readonly options: ConnectionOptions;
}

export interface RuntimeQueue {
  /** The platform it serves. */
  readonly platform: string;
  /** `undefined`: the engine did not answer, so the queue's name is not known. */
  readonly queue: string | undefined;
}

const patience = 5_000;
/** Pollers that have not asked for longer are gone (ms); the server keeps them for five minutes. */
const fresh = 90_000;
const workflowTasks = 1;
const activityTasks = 2;

/** Server, namespace, and whether workers serve the queues. */
export async function temporalChecks(
  target: TemporalTarget,
  queues: readonly RuntimeQueue[],
): Promise<readonly Check[]> {
  let connection: Connection;
  try {
    if (await nobodyListens(target.address)) throw new Error('connection refused');
    connection = await Connection.connect({ ...target.options, address: target.address, connectTimeout: patience });
  } catch {
    return [
      bad(
        'temporal',
        `no answer from ${target.address}`,
        'start it ("npm start" brings one of its own), or set temporal.address or TEMPORAL_ADDRESS to the right place; over TLS check temporal.tls and the API key',
      ),
      skipped('workers', 'Temporal does not answer'),
    ];
  }
  try {
    const { serverVersion } = await connection.workflowService.getSystemInfo({});
    const server = good('temporal', `${target.address} answers, version ${serverVersion ?? 'unknown'}`);
    const namespace = await namespaceCheck(connection, target);
    if (namespace.ok !== true) return [server, namespace, skipped('workers', 'there is no such namespace')];
    return [server, namespace, ...(await workerChecks(connection, target, queues))];
  } finally {
    await connection.close();
  }
}

async function namespaceCheck(connection: Connection, { namespace }: TemporalTarget): Promise<Check> {
  try {
    await connection.workflowService.describeNamespace({ namespace });
    return good('namespace', namespace);
  } catch {
    return bad(
      'namespace',
      `the server does not show a namespace "${namespace}"`,
      `create it (temporal operator namespace create -n ${namespace}), or set temporal.namespace or TEMPORAL_NAMESPACE to one that exists`,
    );
  }
}

async function workerChecks(
  connection: Connection,
  target: TemporalTarget,
  queues: readonly RuntimeQueue[],
): Promise<readonly Check[]> {
  const pollers = async (name: string, taskQueueType: number): Promise<readonly string[]> => {
    const { pollers: all } = await connection.workflowService.describeTaskQueue({
      namespace: target.namespace,
      taskQueue: { name },
      taskQueueType,
    });
    const since = Date.now() - fresh;
    return (all ?? [])
      .filter((p) => Number(p.lastAccessTime?.seconds ?? 0) * 1_000 >= since)
      .map((p) => p.identity ?? 'unnamed');
  };
  const start = 'start a worker ("npm start", or "npm run worker" beside this server)';
  const main = mainQueue(target.taskQueue);
  const deciding = await pollers(main, workflowTasks);
  if (deciding.length === 0) return [bad('workers', `nobody polls the task queue ${main}`, start)];
  const served = good('workers', `${main} is polled by ${[...new Set(deciding)].join(', ')}`);
  const others = await Promise.all(
    queues.map(async ({ platform, queue }): Promise<Check> => {
      const name = `${platform} runtime queue`;
      if (queue === undefined) return skipped(name, 'the runtime does not answer');
      const there = await pollers(queue, activityTasks);
      if (there.length > 0) return good(name, `${queue} is polled by ${[...new Set(there)].join(', ')}`);
      return bad(
        name,
        `nobody polls ${queue}, the queue of this engine`,
        `a worker runs, but it does not reach this engine or ${platform} is managed on another one; its log says which ("cadenza move ${platform}" moves it)`,
      );
    }),
  );
  const one =
    new Set(deciding).size > 1
      ? [
          advice(
            'number of workers',
            `${new Set(deciding).size} workers share the work`,
            'that is fine as long as all reach the same engine',
          ),
        ]
      : [];
  return [served, ...others, ...one];
}
