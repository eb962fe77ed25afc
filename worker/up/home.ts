import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { writeAtomic } from './files.ts';

/** What a running instance says of itself in `run.json`; scripts rely on it. */
export interface RunFile {
  readonly pid: number;
  readonly temporal: { readonly address: string; readonly namespace: string; readonly ui: string };
  /** Null where no platform uses an engine. */
  readonly docker: { readonly host: string } | null;
  readonly sandbox: { readonly url: string } | null;
  readonly health: string;
  readonly metrics: string;
  readonly startedAt: string;
}

const runFile = (home: string): string => join(home, 'run.json');

export const publish = (home: string, run: RunFile): void =>
  writeAtomic(runFile(home), `${JSON.stringify(run, undefined, 2)}\n`);

export const unpublish = (home: string): void => rmSync(runFile(home), { force: true });
