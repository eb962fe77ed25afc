import type { DataConverter } from '@temporalio/common';
import {
  type NativeConnection,
  type Worker,
  Worker as TemporalWorker,
  type WorkflowBundleOption,
} from '@temporalio/worker';
import { mainQueue } from '../workflows/messages.ts';
import type { Activities } from '../activities/index.ts';
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
  readonly workflows:
    | { readonly workflowBundle: WorkflowBundleOption }
    | { readonly workflowsPath: string; readonly bundlerOptions?: { preloadModules: string[] } };
  /** How long running activities may take to end after a shutdown (ms). */
  readonly graceMs: number;
  readonly maxCachedWorkflows?: number;
  /** How payloads are written; unset: in clear. */
  readonly dataConverter?: DataConverter;
}

const common = (options: WorkersOptions, log: Log) => ({
  connection: options.connection,
  namespace: options.namespace,
  identity: options.identity,
  ...(options.dataConverter === undefined ? {} : { dataConverter: options.dataConverter }),
  shutdownGraceTime: options.graceMs,
  shutdownForceTime: options.graceMs * 2,
  interceptors: { activity: [interceptor(log)] },
  // Heartbeats carry the liveness of short activities: they are passed on every two seconds.
  maxHeartbeatThrottleInterval: 2_000,
  defaultHeartbeatThrottleInterval: 2_000,
});

/** Runs the workflows and what needs a platform only. */
export const createMainWorker = (deps: Deps, activities: Activities, options: WorkersOptions): Promise<Worker> =>
  TemporalWorker.create({
    ...common(options, deps.log),
    ...options.workflows,
    taskQueue: mainQueue(deps.taskQueue),
    activities: { ...activities.main },
    maxConcurrentActivityTaskExecutions: mainSlots,
    maxCachedWorkflows: options.maxCachedWorkflows ?? cachedWorkflows,
  });

/** Runs what needs one engine; only a worker that reaches that engine polls its queue. */
export const createRuntimeWorker = (
  deps: Deps,
  activities: Activities,
  taskQueue: string,
  options: WorkersOptions,
): Promise<Worker> =>
  TemporalWorker.create({
    ...common(options, deps.log),
    taskQueue,
    activities: { ...activities.runtime },
    maxConcurrentActivityTaskExecutions: runtimeSlots,
  });

const interceptor = (log: Log) => (context: { readonly info: { readonly activityType: string } }) => ({
  inbound: sanitized(log, context.info.activityType),
});
