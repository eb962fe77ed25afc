import { existsSync, openSync, readSync, closeSync, statSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { platformsConfigured } from '../config/sources.ts';
import { cacheFolder, inCache } from '../tools/cache.ts';
import { existingEngine, startEngine } from '../tools/engine.ts';
import { importDemoImage } from '../tools/image.ts';
import { port } from '../tools/ports.ts';
import { alive, start, stop } from '../tools/processes.ts';
import { startTemporal } from '../tools/temporal.ts';
import { type Running, type Supervised, supervise } from './up/child.ts';
import { engineEnvironment, plainEnvironment, workerEnvironment } from './up/environment.ts';
import { InUse, type RunFile, openHome } from './up/home.ts';
import { demoProgress, sandboxSecrets, writeSandboxConfig } from './up/sandbox.ts';
import { screen } from './up/screen.ts';

/** The supervisor behind `npm start`: Temporal, an engine where none answers, the sandbox where no platform is configured, the worker. */
const begun = Date.now();
const readyWithin = 60_000;
const workerGrace = 65_000;

const script = (path: string): string => fileURLToPath(new URL(`../${path}.js`, import.meta.url));

function usage(): { readonly config: string | undefined; readonly sandbox: boolean } {
  try {
    const { values } = parseArgs({ options: { config: { type: 'string' }, 'no-sandbox': { type: 'boolean' } } });
    return { config: values.config, sandbox: values['no-sandbox'] !== true };
  } catch (error) {
    process.stderr.write(
      `${error instanceof Error ? error.message : ''}\nusage: npm start -- [--config FILE] [--no-sandbox]\n`,
    );
    process.exit(2);
  }
}

/** A started program as the supervision needs it. */
function spawned(
  command: string,
  args: readonly string[],
  env: NodeJS.ProcessEnv,
  log: string,
  graceMs: number,
): Running {
  const { pid, child } = start(command, args, env, log);
  const ended = new Promise<number | null>((resolve) => child.once('exit', (code) => resolve(code)));
  return { pid, ended, stop: () => stop(pid, graceMs) };
}

/** For a program its starter has waited for already. */
const adopted = (server: { readonly pid: number; stop(): Promise<void> }): Running => ({
  pid: server.pid,
  ended: (async () => {
    while (alive(server.pid)) await sleep(500);
    return null;
  })(),
  stop: () => server.stop(),
});

async function answers(url: string): Promise<boolean> {
  try {
    return (await fetch(url, { signal: AbortSignal.timeout(2_000) })).ok;
  } catch {
    return false;
  }
}

/** Last lines of a log file, for a message. */
function tail(file: string, bytes = 4_000): string {
  if (!existsSync(file)) return '';
  const { size } = statSync(file);
  const handle = openSync(file, 'r');
  const buffer = Buffer.alloc(Math.min(size, bytes));
  readSync(handle, buffer, 0, buffer.length, size - buffer.length);
  closeSync(handle);
  return buffer.toString('utf8').trim();
}

async function main(): Promise<number> {
  const options = usage();
  const env = process.env;
  const cwd = process.cwd();
  const home = await openHome(env, cwd);
  const say = (text: string): void => void process.stdout.write(`${text}\n`);
  const log = (name: string): string => home.path('logs', `${name}.log`);
  const children: Supervised[] = [];
  let over: (code: number) => void = () => undefined;
  const finished = new Promise<number>((resolve) => {
    over = resolve;
  });
  let interrupted = 0;
  for (const signal of ['SIGINT', 'SIGTERM'] as const)
    process.on(signal, () => {
      interrupted += 1;
      if (interrupted === 1) {
        say('\nStopping; containers of an engine of your own keep running (press Ctrl-C again to force)');
        over(0);
      } else if (interrupted === 2)
        for (const c of children) {
          const pid = c.pid();
          if (pid !== undefined && alive(pid)) process.kill(pid, 'SIGKILL');
        }
    });
  const note = (): void =>
    home.children(
      Object.fromEntries(children.flatMap((c) => (c.pid() === undefined ? [] : [[c.name, c.pid() as number]]))),
    );
  const keep = async (
    name: string,
    run: () => Promise<Running>,
    onEnd?: (code: number | null) => boolean,
  ): Promise<void> => {
    const child = await supervise(name, run, note, (code) => {
      if (interrupted > 0) return false;
      if (onEnd?.(code) === false) return false;
      say(`${name} ended${code === null ? '' : ` with ${code}`} and is started again; see ${log(name)}`);
      return true;
    });
    children.push(child);
    note();
  };

  const starting = (async (): Promise<void> => {
    const cache = cacheFolder(env);
    const configured = platformsConfigured({
      env,
      cwd,
      ...(options.config === undefined ? {} : { file: options.config }),
    });
    const useSandbox = options.sandbox && !configured;

    // Everything that does not depend on another starts at once.
    const secretsReady = useSandbox ? sandboxSecrets(home) : undefined;
    const given = env['TEMPORAL_ADDRESS'];
    const namespace = env['TEMPORAL_NAMESPACE'] || 'default';
    const temporalPort = given ? 0 : await port(7233);
    const uiPort = given ? 0 : await port(8233);
    const startingTemporal = given
      ? undefined
      : keep('temporal', async () =>
          adopted(
            await startTemporal({
              cli: inCache(cache).temporal,
              dir: home.path('temporal'),
              port: temporalPort,
              uiPort,
              log: log('temporal'),
              env: plainEnvironment(env),
            }),
          ),
        );
    const existing = await existingEngine(env);
    let dockerHost = existing ?? '';
    const startingEngine =
      existing !== undefined
        ? undefined
        : keep('engine', async () => {
            const engine = await startEngine({
              dir: home.path('engine'),
              cache,
              log: log('engine'),
              env: engineEnvironment(env),
            });
            dockerHost = engine.host;
            return adopted(engine);
          });
    const httpPort = Number(env['MANAGER__HTTP__PORT'] ?? 0) || (await port(8080));
    let sandboxUrl = '';
    if (useSandbox) {
      const { token } = (await secretsReady) as { token: string };
      const at = await port(4000);
      sandboxUrl = `http://127.0.0.1:${at}`;
      await keep('sandbox', async () =>
        spawned(
          process.execPath,
          [script('sandbox/main')],
          {
            ...plainEnvironment(env),
            CADENZA_SANDBOX_PORT: String(at),
            CADENZA_SANDBOX_STATE: home.path('sandbox', 'state.json'),
            CADENZA_SANDBOX_TOKEN: token,
          },
          log('sandbox'),
          5_000,
        ),
      );
    }
    await startingEngine;
    if (useSandbox) await importDemoImage(dockerHost, cache);
    await startingTemporal;

    const address = given ?? `127.0.0.1:${temporalPort}`;
    const secrets = await secretsReady;
    const file =
      secrets === undefined
        ? options.config
        : writeSandboxConfig(home, secrets, {
            url: sandboxUrl,
            dockerHost,
            privateEngine: existing === undefined,
            temporal: address,
            namespace,
            httpPort,
          });
    const workerEnv: NodeJS.ProcessEnv = {
      ...workerEnvironment(env),
      ...(file === undefined ? {} : { CADENZA_CONFIG: file }),
      CADENZA_HOME: home.dir,
      CADENZA_HTTP_HOST: env['CADENZA_HTTP_HOST'] ?? '127.0.0.1',
      MANAGER__HTTP__PORT: String(httpPort),
      TEMPORAL_ADDRESS: address,
      TEMPORAL_NAMESPACE: namespace,
      DOCKER_HOST: env['DOCKER_HOST'] || dockerHost,
    };
    await keep(
      'worker',
      async () => spawned(process.execPath, [script('worker/main')], workerEnv, log('worker'), workerGrace),
      (code) => {
        if (code !== 2) return true;
        process.stderr.write(`${tail(log('worker'))}\n`);
        over(2);
        return false;
      },
    );

    const base = `http://127.0.0.1:${httpPort}`;
    const deadline = Date.now() + readyWithin;
    let missing: readonly string[] = [];
    let up = 0;
    for (;;) {
      const ready = await answers(`${base}/health/ready`);
      const demo = secrets === undefined ? { wanted: 0, late: [] } : await demoProgress(sandboxUrl, secrets.token);
      if (ready && demo?.late.length === 0) {
        up = demo.wanted;
        missing = [];
        break;
      }
      missing = ready ? (demo?.late ?? ['the demo connectors']) : ['the worker'];
      if (interrupted > 0) return;
      if (Date.now() > deadline) break;
      await sleep(150);
    }
    const run: RunFile = {
      pid: process.pid,
      temporal: { address, namespace, ui: given ? (env['TEMPORAL_UI'] ?? '') : `http://127.0.0.1:${uiPort}` },
      docker: { host: workerEnv['DOCKER_HOST'] ?? dockerHost },
      sandbox: useSandbox ? { url: sandboxUrl } : null,
      health: `${base}/health/ready`,
      metrics: `${base}/metrics`,
      startedAt: new Date().toISOString(),
    };
    home.publish(run);
    say(
      screen(run, {
        privateEngine: existing === undefined,
        ownTemporal: !given,
        seconds: (Date.now() - begun) / 1000,
        home: home.dir,
        missing,
        connectors: up,
      }),
    );
  })();

  const code = await Promise.race([
    finished,
    starting.then(
      () => finished,
      (error: unknown) => {
        process.stderr.write(
          `Cadenza could not be started: ${error instanceof Error ? error.message : 'unknown error'}\n`,
        );
        return 1;
      },
    ),
  ]);
  // The worker first, so that what it is doing can end; the engine last.
  const order = ['worker', 'sandbox', 'temporal', 'engine'];
  for (const name of order) await children.find((c) => c.name === name)?.stop();
  home.release();
  if (code === 0) say('Stopped.');
  return code;
}

try {
  process.exit(await main());
} catch (error) {
  process.stderr.write(`${error instanceof InUse || error instanceof Error ? error.message : 'failed'}\n`);
  process.exit(1);
}
