import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { promisify } from 'node:util';

/** The process that `unshare` started: the first one of its namespaces. Undefined when it is gone, or not there yet. */
export function firstBelow(pid: number): number | undefined {
  try {
    const [first] = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(' ').filter(Boolean);
    return first === undefined ? undefined : Number(first);
  } catch {
    return undefined;
  }
}

/** Runs a program where the one that `unshare` (`pid`) started sees its files; answers with its output. */
export async function runInside(pid: number, command: readonly string[], path: string): Promise<string> {
  const first = firstBelow(pid);
  if (first === undefined) throw new Error('the cluster has ended');
  const { stdout } = await promisify(execFile)('nsenter', ['--target', String(first), '--mount', '--', ...command], {
    env: { PATH: path },
    maxBuffer: 64 * 1024 * 1024,
  });
  return stdout;
}
