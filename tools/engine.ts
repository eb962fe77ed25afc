import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { spawnSync } from 'node:child_process';
import Docker from 'dockerode';
import { inCache } from './cache.ts';
import { answers, engineHost } from './host.ts';
import { unmountBelow } from './mounts.ts';
import { alive, start, stop, until } from './processes.ts';

export interface Engine {
  readonly host: string;
  readonly pid: number;
  stop(): Promise<void>;
}

/** The engine that is there already, or undefined. DOCKER_HOST counts alone when it is set. */
export async function existingEngine(env: NodeJS.ProcessEnv): Promise<string | undefined> {
  for (const host of new Set([engineHost(env), ...(env['DOCKER_HOST'] ? [] : ['unix:///var/run/docker.sock'])]))
    if (await answers(host, env)) return host;
  return undefined;
}

/** Longest path of a socket that the system takes, and the longest one an engine makes below its folder. */
const longestSocket = 107;
const deepestSocket = 'exec/containerd/containerd.sock.ttrpc';

/**
 * A Docker engine of our own below `dir`, without touching the host's network: no bridge, no packet rules, so containers
 * have the host's network or none. Its containers end with it and start again where they were.
 */
export async function startEngine(options: {
  readonly dir: string;
  readonly cache: string;
  readonly log?: string;
  readonly env?: NodeJS.ProcessEnv;
  /** Hears the pid at once, before it is ready. */
  readonly spawned?: (pid: number) => void;
  /** A command that becomes the engine's, in a place of its making: `unshare ...`, `nsenter ...`. */
  readonly within?: readonly string[];
}): Promise<Engine> {
  const { dir, cache, within = [] } = options;
  const bin = inCache(cache).engine;
  const dockerd = join(bin, 'usr', 'sbin', 'dockerd');
  if (!existsSync(dockerd))
    throw new Error('no Docker engine answers and none was loaded; run "node tools/setup.mjs start"');
  mkdirSync(dir, { recursive: true });
  const short = createHash('sha256').update(dir).digest('hex').slice(0, 12);
  const run = join(dir, deepestSocket).length <= longestSocket ? dir : join(tmpdir(), `cadenza-${short}`);
  mkdirSync(run, { recursive: true, mode: 0o700 });
  const socket = join(run, 'docker.sock');
  const pidfile = join(dir, 'docker.pid');
  const exec = join(run, 'exec');
  await clearStale(pidfile, pidfile);
  // An engine takes a containerd that ended but was not reaped for a live one, and waits for it in vain.
  await clearStale(join(exec, 'containerd', 'containerd.pid'), join(exec, 'containerd', 'containerd.toml'));
  const path = `${join(bin, 'usr', 'sbin')}:${join(bin, 'usr', 'bin')}:${process.env['PATH'] ?? ''}`;
  const [command, ...before] = [...within, dockerd];
  const { pid } = start(
    command,
    [
      ...before,
      '--data-root',
      join(dir, 'data'),
      '--exec-root',
      exec,
      '-H',
      `unix://${socket}`,
      '--pidfile',
      pidfile,
      '--iptables=false',
      '--bridge=none',
      '--log-level',
      'warn',
      '--config-file',
      ownConfig(dockerd, dir),
    ],
    { ...(options.env ?? { HOME: process.env['HOME'] ?? '/root' }), PATH: path },
    options.log ?? join(dir, 'engine.log'),
  );
  options.spawned?.(pid);
  const host = `unix://${socket}`;
  const cleanUp = (): void => {
    // After a kill the data folder stays mounted upon itself, and the default network namespace always does.
    unmountBelow(exec);
    unmountBelow(join(dir, 'data'));
    if (run !== dir) rmSync(run, { recursive: true, force: true });
  };
  try {
    await until('the private Docker engine', 60_000, () => answers(host), pid);
  } catch (error) {
    await stop(pid, 10_000);
    cleanUp();
    throw error;
  }
  return {
    host,
    pid,
    stop: async () => {
      // All at once, before the daemon is told: by itself it takes its time over each.
      const docker = new Docker({ socketPath: socket });
      const running = await docker.listContainers().catch(() => []);
      await Promise.allSettled(running.map((c) => docker.getContainer(c.Id).stop({ t: 10 })));
      await stop(pid, 60_000);
      cleanUp();
    },
  };
}

/**
 * A configuration file of our own, so that the host's is not read. Engines before 23 keep their identity in /etc/docker;
 * ours has its own, so that two of them are two.
 */
function ownConfig(dockerd: string, dir: string): string {
  const text = spawnSync(dockerd, ['--version'], { encoding: 'utf8' }).stdout;
  const major = Number(/version (\d+)\./.exec(text)?.[1] ?? 99);
  const file = join(dir, 'daemon.json');
  writeFileSync(file, JSON.stringify(major < 23 ? { 'deprecated-key-path': join(dir, 'key.json') } : {}));
  return file;
}

/**
 * After a kill a pid file may name a process that is gone, or somebody else's: only the one that was started with
 * `argument`, a path of this very engine, is ended.
 */
async function clearStale(pidfile: string, argument: string): Promise<void> {
  if (!existsSync(pidfile)) return;
  const pid = Number(readFileSync(pidfile, 'utf8'));
  if (pid > 0 && alive(pid) && commandLine(pid).includes(argument)) await stop(pid, 60_000);
  rmSync(pidfile, { force: true });
}

function commandLine(pid: number): readonly string[] {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0');
  } catch {
    return [];
  }
}
