import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { Common, Io } from './io.ts';

/** What the commands need of what a running instance says of itself in `run.json` of its state folder. */
export interface Instance {
  readonly pid: number;
  readonly temporal: { readonly address: string; readonly namespace: string; readonly ui: string | null };
  readonly docker: { readonly host: string } | null;
  readonly sandbox: { readonly url: string } | null;
  /** URL of the worker's health route. */
  readonly health: string | null;
}

/** The state folder: `--home`, `CADENZA_HOME`, or `.cadenza` where the command was typed. */
export const homeOf = (io: Pick<Io, 'env' | 'cwd'>, options: Common): string =>
  resolve(io.cwd, options.home ?? nonEmpty(io.env['CADENZA_HOME']) ?? '.cadenza');

/** The instance that has this state folder; `undefined` when none has left its mark there. */
export function instanceIn(home: string): Instance | undefined {
  let raw: unknown;
  try {
    raw = JSON.parse(readFileSync(join(home, 'run.json'), 'utf8'));
  } catch {
    return undefined; // not there, or being written at this moment
  }
  const [address, namespace] = [text(raw, 'temporal', 'address'), text(raw, 'temporal', 'namespace')];
  if (address === null || namespace === null) return undefined;
  const host = text(raw, 'docker', 'host');
  const sandbox = text(raw, 'sandbox', 'url');
  return {
    pid: Number(at(raw, 'pid')),
    temporal: { address, namespace, ui: text(raw, 'temporal', 'ui') },
    docker: host === null ? null : { host },
    sandbox: sandbox === null ? null : { url: sandbox },
    health: text(raw, 'health'),
  };
}

const at = (value: unknown, ...path: readonly string[]): unknown =>
  path.reduce<unknown>(
    (found, key) =>
      typeof found === 'object' && found !== null ? Object.entries(found).find(([k]) => k === key)?.[1] : undefined,
    value,
  );

const text = (value: unknown, ...path: readonly string[]): string | null => {
  const found = at(value, ...path);
  return typeof found === 'string' && found !== '' ? found : null;
};

/** False when the process that wrote `run.json` is gone. */
export function alive({ pid }: Instance): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

/** As the worker's `manager.http.port`. */
const usualPort = 8080;

/** Base of the worker's HTTP port: `CADENZA_WORKER_URL`, what the instance says, or the usual port of this machine. */
export function workerUrl(env: Io['env'], instance: Instance | undefined): URL {
  const port = nonEmpty(env['MANAGER__HTTP__PORT']) ?? usualPort;
  for (const url of [env['CADENZA_WORKER_URL'], instance?.health])
    if (url !== undefined && url !== null && URL.canParse(url)) return new URL('/', url);
  return new URL(`http://127.0.0.1:${port}/`);
}

/** What opens the worker's `/v1` routes; `undefined`: not there, or not ours to read. */
export function workerToken(home: string): string | undefined {
  try {
    return nonEmpty(readFileSync(join(home, 'worker.token'), 'utf8').trim());
  } catch {
    return undefined;
  }
}

export const nonEmpty = (value: string | undefined): string | undefined => (value === '' ? undefined : value);
