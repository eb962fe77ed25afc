import { mkdirSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { pino, multistream, type DestinationStream, type Logger as Pino, type StreamEntry } from 'pino';
import type { Log } from '../activities/deps.ts';
import { Problem } from '../model/errors.ts';

export interface LoggerOptions {
  readonly level: 'trace' | 'debug' | 'info' | 'warn' | 'error';
  readonly format: 'json' | 'pretty';
  readonly console: boolean;
  /** Folder for daily JSON files, or none. */
  readonly directory?: string;
}

const keptFiles = 5;
const retryMs = 60_000;

/** Structured logs on stdout and in daily files. Errors are reduced to type and message: client libraries put whole requests into theirs. */
export function logger(options: LoggerOptions): { readonly pino: Pino; readonly log: Log } {
  const streams: StreamEntry[] = [];
  if (options.console)
    streams.push({ level: options.level, stream: options.format === 'pretty' ? pretty() : process.stdout });
  const { directory } = options;
  const lost = (): void =>
    root.warn(`logs are not written to files: ${directory} cannot be written (manager.logger.directory_path)`);
  let unwritable = false;
  if (directory !== undefined) {
    try {
      mkdirSync(directory, { recursive: true });
      streams.push({ level: options.level, stream: daily(directory, lost) });
    } catch {
      unwritable = true;
    }
  }
  const root = pino(
    { level: options.level, base: null, timestamp: pino.stdTimeFunctions.isoTime, serializers: { error: safeError } },
    multistream(streams),
  );
  const log: Log = {
    debug: (message, data) => root.debug(data ?? {}, message),
    info: (message, data) => root.info(data ?? {}, message),
    warn: (message, data) => root.warn(data ?? {}, message),
    error: (message, data) => root.error(data ?? {}, message),
  };
  if (unwritable) lost();
  return { pino: root, log };
}

/** A `Problem`'s message is ours; of anything else only name, code and the place it came from are kept. */
export function safeError(error: unknown): unknown {
  if (error instanceof Problem) return { type: error.type, message: error.message };
  if (!(error instanceof Error)) return { type: typeof error };
  const code = (error as { code?: unknown }).code;
  const frames = (error.stack ?? '').split('\n').filter((l) => /^\s+at /.test(l));
  return {
    type: error.name,
    ...(typeof code === 'string' || typeof code === 'number' ? { code } : {}),
    at: frames.slice(0, 6).map((l) => l.trim()),
  };
}

const levels: Readonly<Record<number, string>> = { 10: 'TRACE', 20: 'DEBUG', 30: 'INFO ', 40: 'WARN ', 50: 'ERROR' };

/** One line for people: time, level, sentence, and what belongs to it. */
function pretty(): DestinationStream {
  return {
    write(line) {
      const { level, time, msg, ...rest } = JSON.parse(line) as { level: number; time: string; msg: string };
      const extra = Object.keys(rest).length === 0 ? '' : ` ${JSON.stringify(rest)}`;
      process.stdout.write(`${time} ${levels[level] ?? level} ${msg}${extra}\n`);
    },
  };
}

/**
 * `cadenza-<day>.log`; a new file each day, the newest five are kept. A full disk or a folder that cannot be written must
 * not end the worker: `lost` is told, and a minute later the file is tried again.
 */
function daily(directory: string, lost: () => void): DestinationStream {
  let day = '';
  let blockedUntil = 0;
  let file: ReturnType<typeof pino.destination> | undefined;
  const open = (): void => {
    const name = `cadenza-${day}.log`;
    const made = pino.destination({ dest: join(directory, name), sync: false, append: true });
    made.on('error', () => {
      if (file !== made) return;
      file = undefined;
      blockedUntil = Date.now() + retryMs;
      made.destroy();
      lost();
    });
    file = made;
    const old = readdirSync(directory)
      .filter((f) => /^cadenza-\d{4}-\d\d-\d\d\.log$/.test(f) && f !== name)
      .toSorted()
      .slice(0, 1 - keptFiles);
    for (const f of old) rmSync(join(directory, f), { force: true });
  };
  return {
    write(line) {
      const today = new Date().toISOString().slice(0, 10);
      if (today !== day) {
        day = today;
        file?.end();
        file = undefined;
      }
      if (file === undefined && Date.now() >= blockedUntil) {
        try {
          open();
        } catch {
          // The folder cannot be read; the file itself says by an event whether it can be written.
        }
      }
      file?.write(line);
    },
  };
}
