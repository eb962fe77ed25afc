import { linkSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { alive, startTime } from '../../tools/processes.ts';

/** One process for good: a pid alone is used again. */
export interface Identity {
  readonly pid: number;
  /** Clock ticks since boot; absent where the system does not say. */
  readonly start?: string;
}

export function identity(pid: number): Identity {
  const start = startTime(pid);
  return { pid, ...(start === undefined ? {} : { start }) };
}

/** True while that very process runs. */
export const runs = ({ pid, start }: Identity): boolean =>
  pid > 0 && alive(pid) && (start === undefined || startTime(pid) === start);

const read = (file: string): Identity | undefined => {
  try {
    const value = JSON.parse(readFileSync(file, 'utf8')) as Partial<Identity>;
    return typeof value.pid === 'number' ? { ...value, pid: value.pid } : undefined;
  } catch {
    return undefined;
  }
};

const codeOf = (error: unknown): string | undefined => (error as NodeJS.ErrnoException).code;

/**
 * Makes this process the only supervisor of a state folder. Answers with the release, or with the process that has it.
 * A lock appears with its content (hard link), and one whose process is gone is taken over.
 */
export function lockHome(home: string): { readonly release: () => void } | { readonly holder: Identity } {
  mkdirSync(home, { recursive: true, mode: 0o700 });
  const file = join(home, 'up.lock');
  const own = `${file}.${process.pid}`;
  writeFileSync(own, JSON.stringify(identity(process.pid)), { mode: 0o600 });
  try {
    for (;;) {
      try {
        linkSync(own, file);
        return { release: () => rmSync(file, { force: true }) };
      } catch (error) {
        if (codeOf(error) !== 'EEXIST') throw error;
      }
      const holder = read(file);
      if (holder !== undefined && runs(holder)) return { holder };
      setAside(file);
    }
  } finally {
    rmSync(own, { force: true });
  }
}

/** Another starter may have taken the stale lock over in the meantime: a live one that was moved is put back. */
function setAside(file: string): void {
  const aside = `${file}.${process.pid}.stale`;
  try {
    renameSync(file, aside);
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return;
    throw error;
  }
  const moved = read(aside);
  if (moved !== undefined && runs(moved)) {
    try {
      linkSync(aside, file);
    } catch {
      // A third one was faster; the next look finds its lock.
    }
  }
  rmSync(aside, { force: true });
}
