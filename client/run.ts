import { CommanderError } from 'commander';
import { type ExitCode, type Failure, asFailure, refused } from './failure.ts';
import { type Io, writeJson } from './io.ts';
import { createProgram } from './program.ts';

/** Runs one command line and returns its exit code. Never throws: an error is told on the stream where it belongs. */
export async function run(args: readonly string[], io: Io): Promise<ExitCode> {
  let code: ExitCode = 0;
  const json = wantsJson(args);
  const { env, cwd, out, err } = io;
  const session = {
    env,
    cwd,
    out,
    err,
    interrupt: () => io.interrupt(),
    exit: (next: ExitCode) => {
      if (next > code) code = next;
    },
  };
  try {
    await createProgram(session, json).parseAsync([...args], { from: 'user' });
    return code;
  } catch (error) {
    if (error instanceof CommanderError) return usage(error, json, io);
    return tell(asFailure(error), json, io);
  }
}

const wantsJson = (args: readonly string[]): boolean => {
  const end = args.indexOf('--');
  return (end === -1 ? args : args.slice(0, end)).includes('--json');
};

/** The parser has told people already what is wrong; a script that asked for JSON gets its document. */
function usage(error: CommanderError, json: boolean, io: Io): ExitCode {
  if (['commander.helpDisplayed', 'commander.version'].includes(error.code)) return 0;
  if (!json) return 2;
  const message = error.code === 'commander.help' ? 'a command is needed' : error.message.replace(/^error: /, '');
  return tell(refused('InvalidUsage', message), json, io);
}

function tell(failure: Failure, json: boolean, io: Io): ExitCode {
  if (json) writeJson(io, { error: { kind: failure.kind, message: failure.message } });
  else io.err.write(`cadenza: ${failure.message}\n`);
  return failure.code;
}
