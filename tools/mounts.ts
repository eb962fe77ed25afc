import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';

/** Mount points at and below a folder, the deepest first. `table` is the text of /proc/mounts, which writes a blank as \040. */
export function mountsBelow(folder: string, table: string): readonly string[] {
  return table
    .split('\n')
    .map((line) =>
      (line.split(' ')[1] ?? '').replace(/\\([0-7]{3})/g, (_, code) => String.fromCharCode(parseInt(code, 8))),
    )
    .filter((point) => point === folder || point.startsWith(`${folder}/`))
    .toSorted((a, b) => b.length - a.length);
}

/** Ends the mounts that a program left there. */
export function unmountBelow(folder: string): void {
  if (!existsSync('/proc/mounts')) return;
  for (const point of mountsBelow(folder, readFileSync('/proc/mounts', 'utf8')))
    if (spawnSync('umount', [point], { stdio: 'ignore' }).status !== 0)
      // A process that is on its way out may still hold it; the mount goes as soon as that has ended.
      spawnSync('umount', ['-l', point], { stdio: 'ignore' });
}
