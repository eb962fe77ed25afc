/** Keeps the sandbox's state in one JSON file, replaced atomically, so that a restart goes on where it was. */
import { readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { messageOf } from './http.ts';
import { rulesSchema } from './inputs.ts';
import { aevRestore, aevSnapshot } from './openaev/state.ts';
import { administratorId, type World } from './world.ts';

const format = 1;
const maps = ['managers', 'connectors', 'users', 'issued', 'logs', 'health'] as const;

/** Fault switches, plaintexts and the administrator's token are not written. */
function snapshot(world: World): Readonly<Record<string, unknown>> {
  const { rules, clockShift, demoAdded, statusCalls } = world;
  return {
    format,
    rules,
    clockShift,
    demoAdded,
    statusCalls,
    openaev: aevSnapshot(world.openaev),
    tokens: [...world.tokens].filter(([, user]) => user !== administratorId),
    ...Object.fromEntries(maps.map((name) => [name, [...world[name]]])),
  };
}

function restore(world: World, saved: Readonly<Record<string, unknown>>): void {
  if (saved['format'] !== format) throw new Error(`it has format ${String(saved['format'])}, not ${format}`);
  world.rules = rulesSchema.parse({ ...world.rules, ...(saved['rules'] as object), ...world.options.rules });
  world.clockShift = saved['clockShift'] as number;
  world.demoAdded = saved['demoAdded'] as boolean;
  world.statusCalls = saved['statusCalls'] as World['statusCalls'];
  // A state file from before the second platform lacks it.
  if (saved['openaev'] !== undefined) aevRestore(world.openaev, saved['openaev'] as Readonly<Record<string, unknown>>);
  for (const [hash, user] of saved['tokens'] as [string, string][]) world.tokens.set(hash, user);
  for (const name of maps) for (const [key, value] of saved[name] as [string, never][]) world[name].set(key, value);
}

export interface Store {
  /** Writes at once and stops watching; for the end of the process. */
  close(): void;
}

/** Milliseconds in which changes are gathered into one write. */
const gather = 200;

/** Loads the file if there is one, then writes it shortly after each change. Throws on a file it cannot read. */
export function keep(world: World, path: string): Store {
  let text: string | undefined;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'ENOENT')) throw error;
  }
  try {
    if (text !== undefined) restore(world, JSON.parse(text) as Readonly<Record<string, unknown>>);
  } catch (error) {
    throw new Error(`The sandbox state ${path} cannot be read (${messageOf(error)}); delete it to start anew.`, {
      cause: error,
    });
  }

  const partial = `${path}.${process.pid}.tmp`;
  let timer: NodeJS.Timeout | undefined;
  let writing = false;
  let closed = false;
  const later = (ms: number): void => {
    if (closed || writing) return;
    timer ??= setTimeout(() => void write(), ms);
  };
  const write = async (): Promise<void> => {
    timer = undefined;
    writing = true;
    let again = false;
    world.changed = () => {
      again = true;
    };
    const started = Date.now();
    try {
      await writeFile(partial, JSON.stringify(snapshot(world)), { mode: 0o600 });
      // Not awaited, so that it can never land after the last write of `close`.
      if (!closed) renameSync(partial, path);
    } catch (error) {
      if (!closed) process.stderr.write(`sandbox: state not saved: ${messageOf(error)}\n`);
    }
    writing = false;
    if (closed) return;
    // A large state takes long to write; it is then written less often, so that saving never takes more than a tenth.
    const pause = Math.max(gather, (Date.now() - started) * 10);
    world.changed = () => later(pause);
    if (again) later(pause);
  };
  world.changed = () => later(gather);

  return {
    close() {
      if (closed) return;
      closed = true;
      clearTimeout(timer);
      world.changed = () => undefined;
      const last = `${path}.${process.pid}.last.tmp`;
      writeFileSync(last, JSON.stringify(snapshot(world)), { mode: 0o600 });
      renameSync(last, path);
      rmSync(partial, { force: true });
    },
  };
}
