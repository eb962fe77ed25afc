import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, mkdirSync, openSync, readFileSync, renameSync, existsSync } from 'node:fs';
import { dirname } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

/** Start time of a process in clock ticks: with the pid it names one process for good. Undefined: gone, or no Linux. */
export function startTime(pid: number): string | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return fields[0] === 'Z' ? undefined : fields[19];
  } catch {
    return undefined;
  }
}

export const alive = (pid: number): boolean => {
  try {
    process.kill(pid, 0);
    return startTime(pid) !== undefined || process.platform !== 'linux';
  } catch (error) {
    return (error as { code?: string }).code === 'EPERM';
  }
};

export interface Spawned {
  readonly pid: number;
  readonly child: ChildProcess;
}

/** Starts a program in a process group of its own, its output in a log file whose predecessor is kept as `.1`. */
export function start(
  command: string,
  args: readonly string[],
  env: NodeJS.ProcessEnv,
  log: string,
  cwd?: string,
): Spawned {
  mkdirSync(dirname(log), { recursive: true });
  if (existsSync(log)) renameSync(log, `${log}.1`);
  const out = openSync(log, 'a', 0o600);
  const child = spawn(command, args, {
    env,
    stdio: ['ignore', out, out],
    detached: true,
    ...(cwd === undefined ? {} : { cwd }),
  });
  // Without a listener a program that cannot be started would end this process too.
  child.on('error', () => undefined);
  closeSync(out);
  if (child.pid === undefined) throw new Error(`${command} cannot be started; see ${log}`);
  return { pid: child.pid, child };
}

/** Asks the process to end and waits; after `graceMs` it is killed. */
export async function stop(pid: number, graceMs: number): Promise<void> {
  const send = (signal: NodeJS.Signals) => {
    try {
      process.kill(pid, signal);
    } catch {
      // Gone already.
    }
  };
  send('SIGTERM');
  const deadline = Date.now() + graceMs;
  while (alive(pid) && Date.now() < deadline) await sleep(50);
  if (!alive(pid)) return;
  send('SIGKILL');
  while (alive(pid)) await sleep(50);
}

/** Waits until `ready` answers true; throws after the deadline or when the process is gone. */
export async function until(
  what: string,
  deadlineMs: number,
  ready: () => Promise<boolean> | boolean,
  pid?: number,
): Promise<void> {
  const deadline = Date.now() + deadlineMs;
  while (!(await ready())) {
    if (pid !== undefined && !alive(pid)) throw new Error(`${what} ended while starting`);
    if (Date.now() > deadline) throw new Error(`${what} was not ready within ${deadlineMs / 1000} s`);
    await sleep(100);
  }
}
