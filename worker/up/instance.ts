import { join } from 'node:path';
import { cacheFolder, inCache } from '../../tools/cache.ts';
import { startEngine } from '../../tools/engine.ts';
import { importDemoImage } from '../../tools/image.ts';
import { port } from '../../tools/ports.ts';
import { stop } from '../../tools/processes.ts';
import { startTemporal } from '../../tools/temporal.ts';
import { type ChildName, type Children, graceMs, stopOrder } from './children.ts';
import { engineEnvironment, plainEnvironment, workerEnvironment } from './environment.ts';
import { type Kept, type Process, endOf, keep } from './keep.ts';
import type { Needs } from './needs.ts';
import { homePorts } from './ports.ts';
import { plainLines, runOwn } from './node.ts';
import { sandboxSecrets, writeSandboxConfig } from './sandbox.ts';

/** Where the parts of a running instance are. */
export interface Addresses {
  readonly temporal: { readonly address: string; readonly namespace: string; readonly ui: string };
  readonly docker: { readonly host: string } | null;
  readonly sandbox: { readonly url: string; readonly token: string } | null;
  /** Base URL of the worker's HTTP routes. */
  readonly worker: string;
}

export interface Instance {
  /** Starts everything; throws when a part cannot be started, or with the signal's reason when it is to stop. */
  start(): Promise<Addresses>;
  /** Ends what was started, the worker first and the engine last. */
  stop(): Promise<void>;
  /** Text of the worker, when it says that its configuration cannot work. */
  readonly unusable: Promise<string>;
}

export interface Setting {
  readonly home: string;
  readonly env: NodeJS.ProcessEnv;
  readonly needs: Needs;
  readonly config: string | undefined;
  readonly children: Children;
  readonly stopping: AbortSignal;
  readonly say: (text: string) => void;
}

const unusableCode = 2;

export function instance({ home, env, needs, config, children, stopping, say }: Setting): Instance {
  const cache = cacheFolder(env);
  const ports = homePorts(home);
  const kept = new Map<ChildName, Kept>();
  const log = (name: ChildName): string => join(home, 'logs', `${name}.log`);
  const note = (name: ChildName) => (pid: number) => children.note(name, pid);
  let started: Promise<unknown> = Promise.resolve();

  const run = async (
    name: ChildName,
    launch: () => Promise<Process>,
    final?: (code: number) => boolean,
  ): Promise<Kept> => {
    stopping.throwIfAborted();
    const child = await keep({
      launch,
      onEnd: (code, delayMs) => {
        children.forget(name);
        const how = code < 0 ? '' : ` with ${code}`;
        say(`${name} ended${how}; it is started again in ${delayMs / 1_000} s. Its log: ${log(name)}`);
      },
      ...(final === undefined ? {} : { final }),
    });
    kept.set(name, child);
    return child;
  };

  const temporal = async (httpPort: number): Promise<Addresses['temporal']> => {
    const { namespace } = needs;
    if (needs.temporal !== undefined)
      return { address: needs.temporal, namespace, ui: env['CADENZA_TEMPORAL_UI'] ?? '' };
    const [at, uiPort] = [await ports.pick('temporal', 7233), await ports.pick('ui', 8233)];
    const options = {
      cli: inCache(cache).temporal,
      dir: join(home, 'temporal'),
      port: at,
      uiPort,
      log: log('temporal'),
      env: plainEnvironment(env),
      spawned: note('temporal'),
      ...(needs.encrypted ? { codecEndpoint: `http://127.0.0.1:${httpPort}/codec` } : {}),
    };
    await run('temporal', async () => asProcess(await startTemporal(options)));
    return { address: `127.0.0.1:${at}`, namespace, ui: `http://127.0.0.1:${uiPort}` };
  };

  const engine = async (): Promise<Addresses['docker']> => {
    if (needs.engine.kind === 'none') return null;
    let host = '';
    if (needs.engine.kind === 'there') host = needs.engine.host;
    else {
      const options = {
        dir: join(home, 'engine'),
        cache,
        log: log('engine'),
        env: engineEnvironment(env),
        spawned: note('engine'),
      };
      await run('engine', async () => {
        const made = await startEngine(options);
        host = made.host;
        return asProcess(made);
      });
    }
    if (needs.sandbox) await importDemoImage(host, cache);
    return { host };
  };

  const sandbox = async (): Promise<
    (Addresses['sandbox'] & { readonly secrets: Awaited<ReturnType<typeof sandboxSecrets>> }) | null
  > => {
    if (!needs.sandbox) return null;
    const secrets = await sandboxSecrets(home);
    const at = await ports.pick('sandbox', 4000);
    const own = {
      CADENZA_SANDBOX_PORT: String(at),
      CADENZA_SANDBOX_STATE: join(home, 'sandbox', 'state.json'),
      CADENZA_SANDBOX_TOKEN: secrets.token,
    };
    const variables = { ...plainEnvironment(env), ...own };
    await run('sandbox', async () =>
      runOwn('sandbox/main.js', variables, log('sandbox'), graceMs.sandbox, note('sandbox')),
    );
    return { url: `http://127.0.0.1:${at}`, token: secrets.token, secrets };
  };

  let refuse: (text: string) => void = () => undefined;
  const unusable = new Promise<string>((resolve) => (refuse = resolve));

  const worker = async (at: Omit<Addresses, 'worker'>, file: string | undefined, httpPort: number): Promise<string> => {
    const own = {
      CADENZA_HOME: home,
      CADENZA_HTTP_HOST: env['CADENZA_HTTP_HOST'] ?? '127.0.0.1',
      MANAGER__HTTP__ENABLE: 'true',
      MANAGER__HTTP__PORT: String(httpPort),
      TEMPORAL_ADDRESS: at.temporal.address,
      TEMPORAL_NAMESPACE: at.temporal.namespace,
      ...(at.temporal.ui === '' ? {} : { CADENZA_TEMPORAL_UI: at.temporal.ui }),
      ...(at.docker === null ? {} : { DOCKER_HOST: at.docker.host }),
      ...(file === undefined ? {} : { CADENZA_CONFIG: file }),
    };
    const variables = { ...workerEnvironment(env), ...own };
    const child = await run(
      'worker',
      async () => runOwn('worker/main.js', variables, log('worker'), graceMs.worker, note('worker')),
      (code) => code === unusableCode,
    );
    void child.givenUp.then(() => refuse(plainLines(log('worker'))));
    return `http://127.0.0.1:${httpPort}`;
  };

  const start = async (): Promise<Addresses> => {
    const httpPort = await port(needs.httpPort);
    // What does not depend on another starts at once; none is left behind when one of them fails.
    const parts = Promise.allSettled([temporal(httpPort), engine(), sandbox()]);
    started = parts;
    const [t, e, s] = await parts;
    for (const part of [t, e, s]) if (part.status === 'rejected') throw part.reason;
    if (t.status === 'rejected' || e.status === 'rejected' || s.status === 'rejected') throw new Error('not started');
    const at = { temporal: t.value, docker: e.value, sandbox: s.value };
    const { address, namespace } = at.temporal;
    const file =
      s.value === null || e.value === null
        ? config
        : writeSandboxConfig(home, s.value.secrets, {
            url: s.value.url,
            dockerHost: e.value.host,
            temporal: { address, namespace },
          });
    const url = worker(at, file, httpPort);
    started = url.catch(() => undefined);
    return { ...at, worker: await url };
  };

  return {
    start,
    unusable,
    stop: async () => {
      // Those still being started are ended by their pids; then their start settles.
      const end = async (name: ChildName): Promise<void> => {
        const child = kept.get(name);
        const pid = children.pid(name);
        if (child !== undefined) await child.stop();
        else if (pid !== undefined) await stop(pid, graceMs[name]);
        children.forget(name);
      };
      for (const name of stopOrder) await end(name);
      await started;
      for (const name of stopOrder) await end(name);
    },
  };
}

const asProcess = (server: { readonly pid: number; stop(): Promise<void> }): Process => ({
  pid: server.pid,
  ended: endOf(server.pid),
  stop: () => server.stop(),
});
