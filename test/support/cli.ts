import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { Io } from '../../client/io.ts';
import { run } from '../../client/run.ts';

export interface Ended {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

type Env = Readonly<Record<string, string | undefined>>;

/** One `cadenza` command inside this process. */
export async function cadenza(args: readonly string[], env: Env, cwd = process.cwd()): Promise<Ended> {
  const written = { out: '', err: '' };
  const io: Io = {
    env,
    cwd,
    out: { write: (text) => (written.out += text) },
    err: { write: (text) => (written.err += text) },
    interrupt: () => new AbortController().signal,
  };
  const code = await run(args, io);
  return { code, ...written };
}

const main = fileURLToPath(new URL('../../client/main.ts', import.meta.url));

/** The command as a process of its own. `seen` is called with all it has printed so far; it may send it a signal. */
export const cadenzaProcess = (
  args: readonly string[],
  env: Env,
  seen?: (out: string, signal: (s: NodeJS.Signals) => void) => void,
): Promise<Ended> =>
  new Promise((resolve, reject) => {
    const child = spawn(process.execPath, ['--import', 'tsx', main, ...args], {
      env: { PATH: process.env['PATH'], ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let [out, err] = ['', ''];
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      out += text;
      seen?.(out, (s) => child.kill(s));
    });
    child.stderr.setEncoding('utf8').on('data', (text: string) => (err += text));
    child.once('error', reject);
    child.once('close', (code) => resolve({ code, out, err }));
  });
