import { existsSync, mkdirSync } from 'node:fs';
import { createConnection } from 'node:net';
import { join } from 'node:path';
import { start, stop, until } from './processes.ts';

export interface TemporalServer {
  readonly address: string;
  readonly ui: string;
  readonly pid: number;
  stop(): Promise<void>;
}

export const connects = (port: number): Promise<boolean> =>
  new Promise((resolve) => {
    const socket = createConnection({ host: '127.0.0.1', port, timeout: 1_000 });
    const end = (yes: boolean) => {
      socket.destroy();
      resolve(yes);
    };
    socket
      .once('connect', () => end(true))
      .once('error', () => end(false))
      .once('timeout', () => end(false));
  });

/** Temporal's development server with its UI, on loopback, its database in a file that survives restarts. */
export async function startTemporal(options: {
  readonly cli: string;
  readonly dir: string;
  readonly port: number;
  readonly uiPort: number;
  readonly log?: string;
  readonly env?: NodeJS.ProcessEnv;
  /** Where its UI has encrypted payloads decoded. */
  readonly codecEndpoint?: string;
  /** Hears the pid at once, before it is ready. */
  readonly spawned?: (pid: number) => void;
}): Promise<TemporalServer> {
  const { cli, dir, port, uiPort } = options;
  if (!existsSync(cli))
    throw new Error(
      `there is no Temporal CLI at ${cli}: run "node tools/setup.mjs start", or set TEMPORAL_CLI_PATH or TEMPORAL_ADDRESS`,
    );
  mkdirSync(dir, { recursive: true });
  const { pid } = start(
    cli,
    [
      'server',
      'start-dev',
      '--ip',
      '127.0.0.1',
      '--port',
      String(port),
      '--ui-port',
      String(uiPort),
      '--db-filename',
      join(dir, 'temporal.db'),
      // Appends instead of rewriting with two disk flushes for every step: a third of the time. Every step still
      // outlives the process; a power cut may take the last ones, and workflows look at the world before they act.
      '--sqlite-pragma',
      'journal_mode=WAL',
      '--sqlite-pragma',
      'synchronous=NORMAL',
      '--log-level',
      'error',
      ...(options.codecEndpoint === undefined ? [] : ['--ui-codec-endpoint', options.codecEndpoint]),
    ],
    // Fewer collections while there is memory: a tenth of its time.
    { GOGC: '400', GOMEMLIMIT: '512MiB', ...(options.env ?? { HOME: dir, PATH: process.env['PATH'] ?? '' }) },
    options.log ?? join(dir, 'temporal.log'),
  );
  options.spawned?.(pid);
  await until('the Temporal server', 60_000, () => connects(port), pid);
  return { address: `127.0.0.1:${port}`, ui: `http://127.0.0.1:${uiPort}`, pid, stop: () => stop(pid, 10_000) };
}
