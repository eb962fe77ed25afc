import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { failed } from './failure.ts';

/** One of the worker's programs, in the same form (compiled or source) as this one. */
const program = (name: string): string => {
  const ending = import.meta.url.endsWith('.ts') ? 'ts' : 'js';
  return fileURLToPath(new URL(`../worker/${name}.${ending}`, import.meta.url));
};

export interface Ran {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a program of the worker and keeps what it writes. */
export const collect = (name: string, args: readonly string[], env: Record<string, string>): Promise<Ran> =>
  new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [...process.execArgv, program(name), ...args], {
      env,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let stdout = '';
    let stderr = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text));
    child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
    child.once('error', (error) =>
      reject(failed('Unexpected', `worker/${name} could not be started: ${error.message}`)),
    );
    child.once('close', (code) => resolve({ code: code ?? 1, stdout, stderr: stderr.trim() }));
  });

/** Runs a program of the worker in our place: its streams are ours, and so are the signals that end it. */
export const become = (name: string, args: readonly string[], env: Record<string, string>): Promise<number> =>
  new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [...process.execArgv, program(name), ...args], { env, stdio: 'inherit' });
    // Ctrl-C reaches the child by itself, as it belongs to the same terminal; we only must not end before it.
    const ignore = (): void => undefined;
    const pass = (): void => void child.kill('SIGTERM');
    process.on('SIGINT', ignore).on('SIGTERM', pass);
    const release = (): void => void process.off('SIGINT', ignore).off('SIGTERM', pass);
    child.once('error', (error) => {
      release();
      reject(failed('Unexpected', `worker/${name} could not be started: ${error.message}`));
    });
    child.once('close', (code) => {
      release();
      resolve(code ?? 1);
    });
  });
