import type { ExitCode } from './failure.ts';

/** One of the two streams a command writes to. */
interface Output {
  write(text: string): unknown;
  readonly isTTY?: boolean | undefined;
  /** Characters in a line and lines on the screen; terminals only. */
  readonly columns?: number | undefined;
  readonly rows?: number | undefined;
}

/** What the command line sees of the world, so that tests can hand in another one. */
export interface Io {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly cwd: string;
  readonly out: Output;
  readonly err: Output;
  /** From the first call on Ctrl-C no longer ends the process, but aborts this signal. */
  interrupt(): AbortSignal;
}

/** One run of `cadenza`. */
export interface Session extends Io {
  /** Sets what the process ends with; the worst of several calls counts. */
  exit(code: ExitCode): void;
}

/** Options every command has; `home` is the state folder of the instance it speaks to. */
export interface Common {
  readonly home?: string;
  readonly json?: boolean;
}

/** The one document a `--json` command writes. */
export const writeJson = (io: Pick<Io, 'out'>, value: unknown): void => {
  io.out.write(`${JSON.stringify(value, undefined, 2)}\n`);
};

/** Lines for people. */
export const writeLines = (io: Pick<Io, 'out'>, lines: readonly string[]): void => {
  if (lines.length > 0) io.out.write(`${lines.join('\n')}\n`);
};
