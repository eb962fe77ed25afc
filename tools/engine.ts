import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { spawnSync } from 'node:child_process';
import Docker from 'dockerode';
import { inCache } from './cache.ts';
import { alive, start, stop, until } from './processes.ts';

export interface Engine {
  readonly host: string;
  readonly pid: number;
  stop(): Promise<void>;
}

/** True when an engine answers there (`unix://` or `tcp://`). */
export function answers(host: string): Promise<boolean> {
  const target = host.startsWith('unix://')
    ? { socketPath: host.slice(7) }
    : { host: new URL(host).hostname, port: Number(new URL(host).port) || 2375 };
  return new Promise((resolve) => {
    const call = request({ ...target, path: '/_ping', timeout: 2_000 }, (reply) => {
      reply.resume();
      resolve(reply.statusCode === 200);
    });
    call.on('timeout', () => call.destroy());
    call.on('error', () => resolve(false));
    call.end();
  });
}

/** The engine that is there already, or undefined. DOCKER_HOST counts alone when it is set. */
export async function existingEngine(env: NodeJS.ProcessEnv): Promise<string | undefined> {
  const host = env['DOCKER_HOST'] || 'unix:///var/run/docker.sock';
  return (await answers(host)) ? host : undefined;
}

const longestSocket = 100;

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
}): Promise<Engine> {
  const { dir, cache } = options;
  const bin = inCache(cache).engine;
  const dockerd = join(bin, 'usr', 'sbin', 'dockerd');
  if (!existsSync(dockerd))
    throw new Error('no Docker engine answers and none was loaded; run "node tools/setup.mjs start"');
  mkdirSync(dir, { recursive: true });
  const short = createHash('sha256').update(dir).digest('hex').slice(0, 12);
  const run = join(dir, 'docker.sock').length < longestSocket ? dir : join(tmpdir(), `cadenza-${short}`);
  mkdirSync(run, { recursive: true, mode: 0o700 });
  const socket = join(run, 'docker.sock');
  const pidfile = join(dir, 'docker.pid');
  await clearStale(pidfile);
  const exec = join(run, 'exec');
  const path = `${join(bin, 'usr', 'sbin')}:${join(bin, 'usr', 'bin')}:${process.env['PATH'] ?? ''}`;
  const { pid } = start(
    dockerd,
    [
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
  await until('the private Docker engine', 60_000, () => answers(host), pid);
  return {
    host,
    pid,
    stop: async () => {
      // All at once, before the daemon is told: by itself it takes its time over each.
      const docker = new Docker({ socketPath: socket });
      const running = await docker.listContainers().catch(() => []);
      await Promise.allSettled(running.map((c) => docker.getContainer(c.Id).stop({ t: 10 })));
      await stop(pid, 60_000);
      unmountBelow(exec);
      if (run !== dir) rmSync(run, { recursive: true, force: true });
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

/** After a kill the pid file may name a process that is gone, or somebody else's; only a dockerd is stopped. */
async function clearStale(pidfile: string): Promise<void> {
  if (!existsSync(pidfile)) return;
  const pid = Number(readFileSync(pidfile, 'utf8'));
  const name = pid > 0 && alive(pid) ? readFileSync(`/proc/${pid}/comm`, 'utf8').trim() : '';
  if (name === 'dockerd') await stop(pid, 60_000);
  rmSync(pidfile, { force: true });
}

function unmountBelow(folder: string): void {
  const netns = join(folder, 'netns');
  if (!existsSync(netns)) return;
  for (const entry of readdirSync(netns)) spawnSync('umount', [join(netns, entry)], { stdio: 'ignore' });
}
