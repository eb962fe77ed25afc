import { NativeConnection, type Worker, Worker as TemporalWorker, type WorkflowBundleOption } from '@temporalio/worker';
import { mainQueue } from '../workflows/messages.ts';
import { createActivities } from '../activities/index.ts';
import type { Deps, Log } from '../activities/deps.ts';
import { sanitized } from './sanitize.ts';

/** How many activities one worker runs at a time. Most of them wait for a pull or an engine, so there may be many. */
const runtimeSlots = 400;
const mainSlots = 100;
/** Workflows kept in memory; idle connectors beyond that are replayed when something happens to them. */
const cachedWorkflows = 500;

export interface WorkersOptions {
  readonly connection: NativeConnection;
  readonly namespace: string;
  readonly identity: string;
  readonly workflows: { readonly workflowBundle: WorkflowBundleOption } | { readonly workflowsPath: string };
  /** How long running activities may take to end after a shutdown (ms). */
  readonly graceMs: number;
  readonly maxCachedWorkflows?: number;
}

/** One worker for the main queue and one for each runtime queue, over one connection. */
export async function createWorkers(deps: Deps, options: WorkersOptions): Promise<readonly Worker[]> {
  const { main, runtime } = createActivities(deps);
  const queues = new Set([...deps.sites.values()].map((s) => s.runtimeQueue));
  const common = {
    connection: options.connection,
    namespace: options.namespace,
    identity: options.identity,
    shutdownGraceTime: options.graceMs,
    shutdownForceTime: options.graceMs * 2,
    interceptors: { activity: [interceptor(deps.log)] },
    maxHeartbeatThrottleInterval: 2_000,
    defaultHeartbeatThrottleInterval: 2_000,
  };
  return Promise.all([
    TemporalWorker.create({
      ...common,
      ...options.workflows,
      taskQueue: mainQueue(deps.taskQueue),
      activities: { ...main },
      maxConcurrentActivityTaskExecutions: mainSlots,
      maxCachedWorkflows: options.maxCachedWorkflows ?? cachedWorkflows,
    }),
    ...[...queues].map((taskQueue) =>
      TemporalWorker.create({
        ...common,
        taskQueue,
        activities: { ...runtime },
        maxConcurrentActivityTaskExecutions: runtimeSlots,
      }),
    ),
  ]);
}

const interceptor = (log: Log) => (context: { readonly info: { readonly activityType: string } }) => ({
  inbound: sanitized(log, context.info.activityType),
});

