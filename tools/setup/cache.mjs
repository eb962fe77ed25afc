import { closeSync, existsSync, mkdirSync, openSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

/** Where downloads live: CADENZA_CACHE, else $XDG_CACHE_HOME/cadenza, else ~/.cache/cadenza. */
export function cacheFolder(env = process.env) {
  return env.CADENZA_CACHE || join(env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'cadenza');
}

/**
 * Makes `folder` by `make(temporary)` once. It appears whole or not at all: the work is done under another name and
 * renamed, so a crash leaves nothing that looks finished. Answers whether it had to be made.
 */
export async function once(folder, make) {
  if (existsSync(folder)) return false;
  const temporary = `${folder}.${process.pid}.part`;
  rmSync(temporary, { recursive: true, force: true });
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

const alive = (pid) => {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error.code === 'EPERM';
  }
};

/** Runs `work` while no other set-up does; a lock of a process that is gone is taken over. */
export async function locked(file, work) {
  for (;;) {
    try {
      const handle = openSync(file, 'wx');
      writeFileSync(handle, String(process.pid));
      closeSync(handle);
      break;
    } catch (error) {
      if (error.code !== 'EEXIST') throw error;
      let holder = NaN;
      try {
        holder = Number(readFileSync(file, 'utf8'));
      } catch {
        continue;
      }
      if (holder > 0 && !alive(holder)) rmSync(file, { force: true });
      else await sleep(300);
    }
  }
  try {
    return await work();
  } finally {
    rmSync(file, { force: true });
  }
}
