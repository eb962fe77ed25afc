import { existsSync, readdirSync, rmdirSync } from 'node:fs';
import { join } from 'node:path';

const mounted = '/sys/fs/cgroup';

/** Removes a group of control and all below it: of every controller, where each has a tree of its own. */
export function removeCgroups(name: string): void {
  if (!existsSync(mounted)) return;
  for (const tree of [mounted, ...below(mounted)]) remove(join(tree, name));
}

const below = (folder: string): readonly string[] =>
  readdirSync(folder, { withFileTypes: true })
    .filter((e) => e.isDirectory())
    .map((e) => join(folder, e.name));

function remove(group: string): void {
  if (!existsSync(group)) return;
  for (const child of below(group)) remove(child);
  rmdirSync(group);
}
