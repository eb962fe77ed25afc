import { readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { stop } from '../../tools/processes.ts';
import { writeAtomic } from './files.ts';
import { type Identity, identity, runs } from './lock.ts';

/** Who is asked to end first; the engine last, since containers end with it. */
export const stopOrder = ['worker', 'sandbox', 'temporal', 'engine'] as const;
export type ChildName = (typeof stopOrder)[number];

/** Milliseconds a child has to end by itself. The worker lets the running step end, an engine stops its containers. */
export const graceMs: Readonly<Record<ChildName, number>> = {
  worker: 70_000,
  sandbox: 5_000,
  temporal: 10_000,
  engine: 60_000,
};

export interface Children {
  /** Notes a child that was just started. */
  note(name: ChildName, pid: number): void;
  forget(name: ChildName): void;
  /** Undefined when it is not running. */
  pid(name: ChildName): number | undefined;
  /** Ends all of them at once, without asking. */
  kill(): void;
}

/** Keeps `children.json` of the state folder, so that a later start finds what a killed supervisor left running. */
export function noteChildren(home: string): Children {
  const file = join(home, 'children.json');
  const known = new Map<ChildName, Identity>();
  const write = (): void => {
    if (known.size === 0) rmSync(file, { force: true });
    else writeAtomic(file, `${JSON.stringify(Object.fromEntries(known))}\n`);
  };
  return {
    note: (name, pid) => {
      known.set(name, identity(pid));
      write();
    },
    forget: (name) => {
      if (known.delete(name)) write();
    },
    pid: (name) => {
      const child = known.get(name);
      return child !== undefined && runs(child) ? child.pid : undefined;
    },
    kill: () => {
      for (const child of known.values()) if (runs(child)) killGroup(child.pid);
    },
  };
}

/** Every child leads a process group of its own. */
function killGroup(pid: number): void {
  for (const target of [-pid, pid]) {
    try {
      process.kill(target, 'SIGKILL');
    } catch {
      // Gone already.
    }
  }
}

/** Ends what a supervisor that was killed left behind; answers with the names. */
export async function stopLeftOvers(home: string): Promise<readonly ChildName[]> {
  const file = join(home, 'children.json');
  let noted: Partial<Record<ChildName, Identity>>;
  try {
    noted = JSON.parse(readFileSync(file, 'utf8')) as Partial<Record<ChildName, Identity>>;
  } catch {
    return [];
  }
  const stopped: ChildName[] = [];
  for (const name of stopOrder) {
    const child = noted[name];
    if (child === undefined || child.start === undefined || !runs(child)) continue;
    await stop(child.pid, graceMs[name]);
    stopped.push(name);
  }
  rmSync(file, { force: true });
  return stopped;
}
