import { existsSync, linkSync, mkdirSync, readFileSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

/** Where downloads live: CADENZA_CACHE, else $XDG_CACHE_HOME/cadenza, else ~/.cache/cadenza. */
export function cacheFolder(env = process.env) {
  return env.CADENZA_CACHE || join(env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'cadenza');
}

/**
 * Makes `folder` by `make(temporary)` once. It appears whole or not at all: the work is done under another name and
 * renamed, so a crash leaves nothing that looks finished; what an earlier one left is removed. Call it under the lock.
 * Answers whether it had to be made.
 */
export async function once(folder, make) {
  if (existsSync(folder)) return false;
  for (const left of readdirSync(dirname(folder)).filter(
    (f) => f.startsWith(`${basename(folder)}.`) && f.endsWith('.part'),
  ))
    rmSync(join(dirname(folder), left), { recursive: true, force: true });
  const temporary = `${folder}.${process.pid}.part`;
  mkdirSync(temporary, { recursive: true });
  try {
    await make(temporary);
    if (existsSync(folder)) rmSync(temporary, { recursive: true, force: true });
    else renameSync(temporary, folder);
  } catch (error) {
    rmSync(temporary, { recursive: true, force: true });
    throw error;
  }
  return true;
}

const read = (file) => {
  try {
    const { pid, start } = JSON.parse(readFileSync(file, 'utf8'));
    return { pid, start };
  } catch {
    return undefined;
  }
};

/** Start time in clock ticks, which with the pid names one process for good; undefined where the system does not say. */
function startTime(pid) {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19];
  } catch {
    return undefined;
  }
}

function runs(holder) {
  if (!(holder?.pid > 0)) return false;
  try {
    process.kill(holder.pid, 0);
  } catch (error) {
    if (error.code !== 'EPERM') return false;
  }
  return holder.start === undefined || startTime(holder.pid) === holder.start;
}

/**
 * Runs `work` while no other set-up does; `waiting` hears of the one that does. The lock appears with its content (a
 * hard link), and one whose process is gone is taken over.
 */
export async function locked(file, work, waiting = () => undefined) {
  const own = `${file}.${process.pid}`;
  const { pid } = process;
  writeFileSync(own, JSON.stringify({ pid, start: startTime(pid) }));
  let told = false;
  try {
    for (;;) {
      try {
        linkSync(own, file);
        break;
      } catch (error) {
        if (error.code !== 'EEXIST') throw error;
      }
      const holder = read(file);
      if (!runs(holder)) setAside(file);
      else {
        if (!told) waiting(holder.pid);
        told = true;
        await sleep(300);
      }
    }
  } finally {
    rmSync(own, { force: true });
  }
  try {
    return await work();
  } finally {
    rmSync(file, { force: true });
  }
}

/** Another one may have taken the stale lock over in the meantime: a live one that was moved is put back. */
function setAside(file) {
  const aside = `${file}.${process.pid}.stale`;
  try {
    renameSync(file, aside);
  } catch (error) {
    if (error.code === 'ENOENT') return;
    throw error;
  }
  if (runs(read(aside))) {
    try {
      linkSync(aside, file);
    } catch {
      // A third one was faster; the next look finds its lock.
    }
  }
  rmSync(aside, { force: true });
}
