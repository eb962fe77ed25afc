import { randomBytes } from 'node:crypto';
import { chmodSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Client, Connection } from '@temporalio/client';
import { NativeConnection, type NativeConnectionOptions, type Worker } from '@temporalio/worker';
import type { Deps, Site } from '../activities/deps.ts';
import { createActivities } from '../activities/index.ts';
import { type CodecKeys, aesCodec } from '../codec/aes.ts';
import { dataConverter } from '../codec/converter.ts';
import { decodeBody } from '../codec/route.ts';
import { loadConfig } from '../config/load.ts';
import type { Platform } from '../model/connector.ts';
import { Problem } from '../model/errors.ts';
import { runtimeQueue } from '../workflows/messages.ts';
import { attachPlatform, platformRuns } from './attach.ts';
import { ensureSearchAttributes } from './attributes.ts';
import { workflowCode } from './bundle.ts';
import { temporalAddress } from './connection.ts';
import type { Decoder } from './decode.ts';
import { diagnose } from './doctor/diagnose.ts';
import { drift } from './drift.ts';
import { createMainWorker, createRuntimeWorker } from './engine.ts';
import { serveHttp } from './http.ts';
import { logger } from './logger.ts';
import { connectorLog } from './loglines.ts';
import { metrics } from './metrics.ts';
import { type Configured, configuredOne } from './platforms.ts';
import { ensureSchedules } from './schedules.ts';
import { makeSite } from './site.ts';
import { installTelemetry } from './telemetry.ts';

export interface RunningWorker {
  /** Stops taking work, lets the current step end, then ends. */
  stop(): void;
  /** Exit code. */
  readonly ended: Promise<number>;
}

const retryMs = 1_000;
const superviseMs = 15_000;

/** A configuration that cannot work: its text is for a person, the process ends with 2. */
export class Unusable extends Error {}

export function fatal(error: unknown): number {
  if (error instanceof Unusable || (error instanceof Problem && error.type === 'InvalidConfiguration')) {
    process.stderr.write(`${error.message}\n`);
    return 2;
  }
  process.stderr.write(`the worker cannot go on: ${error instanceof Error ? error.message : 'unknown error'}\n`);
  return 1;
}

export async function startWorker(env: NodeJS.ProcessEnv, cwd: string): Promise<RunningWorker> {
  const loaded = loadConfig({ env, cwd });
  if (!loaded.ok) throw new Unusable(loaded.text);
  const { config, platforms, keys, codecKeys } = loaded;
  const { manager, temporal } = config;
  const { pino, log } = logger({
    level: manager.logger.level,
    format: manager.logger.format,
    console: manager.logger.console,
    ...(manager.logger.directory ? { directory: manager.logger.directory_path } : {}),
  });
  for (const warning of loaded.warnings) log.warn(warning);
  for (const { text } of loaded.unusable) log.error(text);

  const stopping = new AbortController();
  const unready = new Map<string, string>([['start', 'starting']]);
  const dead = new Map<string, string>();
  for (const { platform, text } of loaded.unusable) unready.set(`${platform} unusable`, text);
  const telemetry = await installTelemetry(pino, manager.prometheus, log);
  const places: Configured[] = [];
  // One platform whose section cannot work does not stop the other.
  for (const platform of platforms)
    try {
      places.push(configuredOne(config, platform, platforms, keys, env, log));
    } catch (error) {
      if (!(error instanceof Problem)) throw error;
      log.error(error.message, { platform });
      unready.set(`${platform} unusable`, `${platform}: ${error.message}`);
      if (platforms.length === 1) throw new Unusable(error.message);
    }
  if (places.length === 0) throw new Unusable([...unready.values()].join('\n'));
  const sites = new Map<Platform, Site>(
    places.map((p) => [p.platform, makeSite(p.client, p.runtime, p.settings, log, Date.now)]),
  );

  const http = manager.http.enable
    ? await serveHttp(env['CADENZA_HTTP_HOST'] ?? '0.0.0.0', manager.http.port, {
        unready: () => [...unready.values()],
        dead: () => [...dead.values()],
        metrics: telemetry.text,
        logs: (platform, id, tail, follow, signal) => connectorLog(sites, platform, id, tail, follow, signal),
        doctor: () => diagnose(env, cwd),
        drift: async (signal) => (await Promise.all([...sites.values()].map((site) => drift(site, signal)))).flat(),
        token: localToken(env),
        ...(dataConverter(codecKeys) === undefined ? {} : { decode: decoder(codecKeys, env) }),
      })
    : undefined;

  /** Waits for one platform's engine, attaches to its workflow, and sees to it that both stay there. */
  const supervise = async (site: Site, deps: Deps, serve: (queue: string) => Promise<void>): Promise<void> => {
    const { platform } = site;
    while (!stopping.signal.aborted) {
      try {
        if (site.runtimeQueue === '' || !(await platformRuns(deps.temporal, platform)) || unready.has(platform)) {
          const engine = await site.runtime.engine(stopping.signal);
          const queue = runtimeQueue(temporal.task_queue, site.runtime.kind, engine.id);
          const period = site.cadence.poll;
          await attachPlatform(deps.temporal, temporal.task_queue, platform, {
            runtime: site.runtime.kind,
            engineId: engine.id,
            runtimeQueue: queue,
            period,
          });
          site.runtimeQueue = queue;
          await serve(queue);
          await ensureSchedules(deps.temporal, platform, temporal.task_queue, queue);
          log.info('managing', { platform, runtime: site.runtime.kind, engine: engine.id, queue });
          unready.delete(platform);
        }
      } catch (error) {
        if (stopping.signal.aborted) return;
        const message =
          error instanceof Problem ? error.message : 'Temporal or the runtime did not answer; see the log';
        if (unready.get(platform) !== `${platform}: ${message}`)
          log.error('not managing yet', { platform, message, ...(error instanceof Problem ? {} : { error }) });
        unready.set(platform, `${platform}: ${message}`);
      }
      await sleep(unready.has(platform) ? retryMs : superviseMs, undefined, { signal: stopping.signal }).catch(
        () => undefined,
      );
    }
  };

  const untilItAnswers = async <T>(name: string, what: string, attempt: () => Promise<T>): Promise<T> => {
    for (;;) {
      try {
        const value = await attempt();
        unready.delete(name);
        return value;
      } catch (error) {
        if (!unready.has(name)) log.warn(`${what} does not answer yet; trying again every second`, { error });
        unready.set(name, `${what} does not answer`);
      }
      await sleep(retryMs, undefined, { signal: stopping.signal });
    }
  };

  const ended = (async (): Promise<number> => {
    const workers: Worker[] = [];
    const runs: Promise<void>[] = [];
    const run = (name: string, worker: Worker): void => {
      workers.push(worker);
      runs.push(
        worker.run().catch((error: unknown) => {
          // Liveness fails, the other loops go on; whoever supervises the process restarts it.
          dead.set(name, `${name} ended unexpectedly`);
          log.error('a worker ended unexpectedly', { name, error });
        }),
      );
    };
    let connection: Connection | undefined;
    let native: NativeConnection | undefined;
    try {
      const { options, namespace, address } = temporalAddress(temporal, env);
      native = await untilItAnswers('temporal', `Temporal at ${address}`, () =>
        NativeConnection.connect(options as NativeConnectionOptions),
      );
      connection = await untilItAnswers('temporal', `Temporal at ${address}`, () => Connection.connect(options));
      const converter = dataConverter(codecKeys);
      const encoded = converter === undefined ? {} : { dataConverter: converter };
      const client = new Client({ connection, namespace, ...encoded });
      const opened = connection;
      await untilItAnswers('temporal', `namespace ${namespace} of Temporal at ${address}`, () =>
        ensureSearchAttributes(opened, namespace),
      );
      const deps: Deps = {
        sites,
        temporal: client,
        taskQueue: temporal.task_queue,
        log,
        metrics: metrics(telemetry.meter, manager.prometheus.xtm_names),
        now: Date.now,
        stopping: stopping.signal,
      };
      const activities = createActivities(deps);
      const options_ = {
        connection: native,
        namespace,
        identity: `cadenza@${hostname()}:${process.pid}`,
        workflows: workflowCode(codecKeys.current !== undefined),
        ...encoded,
        graceMs: manager.shutdown_timeout * 1_000,
      };
      run('workflow worker', await createMainWorker(deps, activities, options_));
      const queues = new Map<string, Promise<void>>();
      const serve = (taskQueue: string): Promise<void> => {
        const known = queues.get(taskQueue);
        if (known !== undefined) return known;
        const made = createRuntimeWorker(deps, activities, taskQueue, options_).then((w) =>
          run(`worker of ${taskQueue}`, w),
        );
        queues.set(taskQueue, made);
        return made;
      };
      for (const site of sites.values()) unready.set(site.platform, `${site.platform}: waiting for its runtime`);
      unready.delete('start');
      await Promise.all([...sites.values()].map((site) => supervise(site, deps, serve)));
    } finally {
      for (const w of workers) if (w.getState() === 'RUNNING') w.shutdown();
      await Promise.all(runs);
      for (const { client, runtime } of places) {
        runtime.close();
        await client.close();
      }
      await native?.close();
      await connection?.close();
      http?.server.closeAllConnections();
      http?.server.close();
    }
    return dead.size === 0 ? 0 : 1;
  })().catch((error: unknown) => (stopping.signal.aborted ? 0 : fatal(error)));

  return {
    stop: () => {
      log.info('stopping: no new work is taken; containers keep running');
      stopping.abort();
    },
    ended,
  };
}

/** For Temporal's UI, which shows what is encrypted only with this route: `<this>/codec` as its codec endpoint. */
const decoder = (keys: CodecKeys, env: NodeJS.ProcessEnv): Decoder => {
  const codec = aesCodec(keys);
  return { origin: origin(env['CADENZA_TEMPORAL_UI']), body: (text) => decodeBody(codec, text) };
};

const origin = (url: string | undefined): string => (url !== undefined && URL.canParse(url) ? new URL(url).origin : '');

/** Bearer token of the local routes: from the state folder, made there on the first start. */
function localToken(env: NodeJS.ProcessEnv): string {
  const home = env['CADENZA_HOME'] ?? '.cadenza';
  const file = join(home, 'worker.token');
  if (existsSync(file)) return readFileSync(file, 'utf8').trim();
  const token = randomBytes(24).toString('hex');
  mkdirSync(home, { recursive: true });
  writeFileSync(file, `${token}\n`, { mode: 0o600 });
  chmodSync(file, 0o600);
  return token;
}
