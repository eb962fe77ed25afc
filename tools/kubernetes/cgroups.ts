import { existsSync, readdirSync, rmdirSync } from 'node:fs';
import { join } from 'node:path';

const mounted = '/sys/fs/cgroup';

/** The parent that containerd gives to all containers of Kubernetes, whosever they are. */
const parent = 'k8s.io';

/**
 * Removes the control groups of the containers that were still there when their containerd ended; `state` is its folder.
 * Groups are the one thing that does not go with the namespaces.
 */
export function removeCgroups(state: string): void {
  const known = join(state, 'io.containerd.runtime.v2.task', parent);
  if (!existsSync(known) || !existsSync(mounted)) return;
  for (const tree of [mounted, ...below(mounted)]) {
    for (const id of readdirSync(known)) remove(join(tree, parent, id));
    try {
      rmdirSync(join(tree, parent));
    } catch {
      // Not in this tree, or other clusters have groups there.
    }
  }
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
