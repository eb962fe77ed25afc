import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import Docker from 'dockerode';
import { root } from '../../tools/cache.ts';

/** `npm start` as a person runs it, in a state folder of its own, with its own engine and Temporal server. */
export interface RunFile {
  readonly pid: number;
  readonly temporal: { readonly address: string; readonly namespace: string; readonly ui: string };
  readonly docker: { readonly host: string };
  readonly sandbox: { readonly url: string };
  readonly health: string;
  readonly metrics: string;
  readonly startedAt: string;
}

export interface Instance {
  readonly home: string;
  readonly child: ChildProcess;
  output(): string;
  /** Exit code, once it has ended. */
  readonly ended: Promise<number | null>;
  run(): RunFile;
  engine(): Docker;
}

export interface Sighting {
  readonly id: string;
  readonly name: string;
  readonly requested: string;
  readonly current: string | null;
  readonly statusCount: number;
  readonly logs: readonly string[];
  readonly restarts: number | null;
  readonly health: { readonly is_in_reboot_loop: boolean } | null;
}

const run = promisify(execFile);

/** The machine's own services and settings must not show through. */
export function cleanEnv(home: string): NodeJS.ProcessEnv {
  const kept = Object.entries(process.env).filter(
    ([name]) =>
      !/^(DOCKER|TEMPORAL|OPENCTI|OPENAEV|MANAGER|COMPOSER|VITEST|NODE_ENV)/.test(name) && name !== 'CADENZA_CONFIG',
  );
  return { ...Object.fromEntries(kept), CADENZA_HOME: home, NO_COLOR: '1' };
}

export const freshHome = (): string => mkdtempSync(join(tmpdir(), 'cadenza-e2e-'));
export const dropHome = (home: string): void => rmSync(home, { recursive: true, force: true });

export function start(home: string, args: readonly string[] = [], extra: NodeJS.ProcessEnv = {}): Instance {
  const child = spawn(process.execPath, [join(root, 'dist', 'worker', 'up.js'), ...args], {
    cwd: home,
    env: { ...cleanEnv(home), ...extra },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let text = '';
  child.stdout.on('data', (d: Buffer) => (text += d.toString()));
  child.stderr.on('data', (d: Buffer) => (text += d.toString()));
  const ended = new Promise<number | null>((resolve) => child.once('close', resolve));
  const runFile = (): RunFile => JSON.parse(readFileSync(join(home, 'run.json'), 'utf8')) as RunFile;
  return {
    home,
    child,
    output: () => text,
    ended,
    run: runFile,
    engine: () => new Docker({ socketPath: runFile().docker.host.replace('unix://', '') }),
  };
}

export async function ready(instance: Instance): Promise<Instance> {
  await until('the line "Cadenza is ready"', 150_000, () => {
    if (instance.child.exitCode !== null) throw new Error(`it ended instead:\n${instance.output()}`);
    return instance.output().includes('Cadenza is ready');
  });
  return instance;
}

/** Waits for a condition with a deadline; an error of the condition counts as "not yet" until then. */
export async function until(what: string, deadlineMs: number, condition: () => unknown): Promise<void> {
  const deadline = Date.now() + deadlineMs;
  for (;;) {
    let last: unknown;
    try {
      if (await condition()) return;
    } catch (error) {
      last = error;
    }
    if (Date.now() > deadline) throw new Error(`waited ${deadlineMs / 1000} s for ${what}`, { cause: last });
    await sleep(100);
  }
}

/** A `cadenza` command against this instance. */
export async function cadenza(
  home: string,
  ...args: readonly string[]
): Promise<{ readonly code: number; readonly out: string; readonly err: string }> {
  try {
    const { stdout, stderr } = await run(process.execPath, [join(root, 'dist', 'client', 'main.js'), ...args], {
      cwd: home,
      env: cleanEnv(home),
      maxBuffer: 64 * 1024 * 1024,
    });
    return { code: 0, out: stdout, err: stderr };
  } catch (error) {
    const failed = error as { code?: number; stdout?: string; stderr?: string };
    return { code: failed.code ?? 1, out: failed.stdout ?? '', err: failed.stderr ?? '' };
  }
}

/** The sandbox platform's control API. */
export function platform(instance: Instance) {
  const token = readFileSync(join(instance.home, 'sandbox', 'token'), 'utf8').trim();
  const call = async (method: string, path: string, body?: unknown): Promise<unknown> => {
    const answer = await fetch(`${instance.run().sandbox.url}/control${path}`, {
      method,
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    if (!answer.ok) throw new Error(`${method} ${path} answered ${answer.status}: ${await answer.text()}`);
    const text = await answer.text();
    return text === '' ? undefined : (JSON.parse(text) as unknown);
  };
  return {
    token,
    all: async () => (await call('GET', '/connectors')) as readonly Sighting[],
    one: async (name: string) => {
      const found = ((await call('GET', '/connectors')) as readonly Sighting[]).find((c) => c.name === name);
      if (found === undefined) throw new Error(`the platform has no ${name}`);
      return found;
    },
    call,
  };
}

/** Processes of this instance by what they run: the environment names the state folder or the command line does. */
export function processes(home: string, part: string): readonly number[] {
  return readdirSync('/proc')
    .filter((p) => /^\d+$/.test(p))
    .map(Number)
    .filter((pid) => {
      try {
        const command = readFileSync(`/proc/${pid}/cmdline`, 'utf8');
        return (
          command.includes(part) &&
          (command.includes(home) || readFileSync(`/proc/${pid}/environ`, 'utf8').includes(home))
        );
      } catch {
        return false;
      }
    });
}

/** Containers of one connector, in any state. */
export const containersOf = (engine: Docker, id: string) =>
  engine.listContainers({ all: true, filters: { label: [`opencti-connector-id=${id}`] } });
