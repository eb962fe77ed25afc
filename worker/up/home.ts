import { closeSync, existsSync, mkdirSync, openSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { alive, startTime, stop } from '../../tools/processes.ts';

/** The state folder of one instance: who holds it, which children run, and what others may know of it. */
export interface Home {
  readonly dir: string;
  path(...parts: string[]): string;
  /** Remembers the children, so that the next start can end those a killed supervisor left behind. */
  children(pids: Readonly<Record<string, number>>): void;
  publish(run: RunFile): void;
  release(): void;
}

export interface RunFile {
  readonly pid: number;
  readonly temporal: { readonly address: string; readonly namespace: string; readonly ui: string };
  readonly docker: { readonly host: string };
  readonly sandbox: { readonly url: string } | null;
  readonly health: string;
  readonly metrics: string;
  readonly startedAt: string;
}

export class InUse extends Error {}

interface Marked {
  readonly pid: number;
  readonly started: string | null;
}

const mark = (pid: number): Marked => ({ pid, started: startTime(pid) ?? null });
const same = ({ pid, started }: Marked): boolean => alive(pid) && (startTime(pid) ?? null) === started;

const read = <T>(file: string): T | undefined => {
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as T;
  } catch {
    return undefined;
  }
};

/** Takes the folder for this process; throws `InUse` when another live one has it. */
export async function openHome(env: NodeJS.ProcessEnv, cwd: string): Promise<Home> {
  const dir = resolve(cwd, env['CADENZA_HOME'] || '.cadenza');
  mkdirSync(dir, { recursive: true });
  const lock = join(dir, 'lock.json');
  const run = join(dir, 'run.json');
  const kids = join(dir, 'children.json');
  const write = (file: string, value: unknown, mode = 0o600): void => {
    const temporary = `${file}.${process.pid}`;
    writeFileSync(temporary, `${JSON.stringify(value, null, 2)}\n`, { mode });
    renameSync(temporary, file);
  };
  for (;;) {
    try {
      const handle = openSync(lock, 'wx', 0o600);
      writeFileSync(handle, JSON.stringify(mark(process.pid)));
      closeSync(handle);
      break;
    } catch (error) {
      if ((error as { code?: string }).code !== 'EEXIST') throw error;
      const holder = read<Marked>(lock);
      if (holder !== undefined && same(holder))
        throw new InUse(
          `Cadenza runs already in ${dir} (pid ${holder.pid}); stop it with Ctrl-C there, or choose another CADENZA_HOME`,
        );
      rmSync(lock, { force: true });
    }
  }
  for (const [name, child] of Object.entries(read<Record<string, Marked>>(kids) ?? {}))
    if (same(child)) {
      process.stdout.write(`Ending ${name} (pid ${child.pid}), left by a start that was killed\n`);
      await stop(child.pid, 20_000);
    }
  rmSync(kids, { force: true });
  rmSync(run, { force: true });
  return {
    dir,
    path: (...parts) => join(dir, ...parts),
    children: (pids) => write(kids, Object.fromEntries(Object.entries(pids).map(([name, pid]) => [name, mark(pid)]))),
    publish: (value) => write(run, value, 0o644),
    release: () => {
      for (const file of [run, kids, lock]) if (existsSync(file)) rmSync(file, { force: true });
    },
  };
}
