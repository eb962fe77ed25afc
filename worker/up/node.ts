import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from '../../tools/cache.ts';
import { start, stop } from '../../tools/processes.ts';
import type { Process } from './keep.ts';

/** One of our own programs as a child, its output in `log`. */
export function runOwn(
  program: string,
  env: NodeJS.ProcessEnv,
  log: string,
  graceMs: number,
  spawned: (pid: number) => void,
): Process {
  const { pid, child } = start(process.execPath, [join(root, 'dist', program)], env, log);
  spawned(pid);
  const ended = new Promise<number>((resolve) => {
    child.once('exit', (code) => resolve(code ?? -1));
    child.once('error', () => resolve(-1));
  });
  return { pid, ended, stop: () => stop(pid, graceMs) };
}

/** What a program wrote to a person: the lines of its log that are not records. */
export function plainLines(log: string): string {
  try {
    return readFileSync(log, 'utf8')
      .split('\n')
      .filter((line) => line.trim() !== '' && !line.startsWith('{'))
      .slice(-60)
      .join('\n');
  } catch {
    return '';
  }
}
