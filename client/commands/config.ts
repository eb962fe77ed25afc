import { Command } from 'commander';
import { jsonOption } from '../args.ts';
import { instanceEnv } from '../environment.ts';
import { homeOf, instanceIn } from '../home.ts';
import { type Common, type Session, writeJson, writeLines } from '../io.ts';

interface PrintOptions extends Common {
  readonly config?: string;
}

export const configCommand = (session: Session): Command =>
  new Command('config')
    .summary('the configuration')
    .description('Shows the configuration that a worker with this environment and working folder would run with.')
    .addCommand(printCommand(session));

const printCommand = (session: Session): Command =>
  new Command('print')
    .summary('every key with its value and where that comes from')
    .description(
      'Prints every key that has a value, secrets masked, with the file or variable it comes from. Faults go to standard ' +
        'error and give exit code 2; the defaults stand in their place.',
    )
    .option('--config <file>', 'read this file instead of those in config/')
    .addOption(jsonOption())
    .action(async (_options: PrintOptions, command: Command) => {
      const options = command.optsWithGlobals<PrintOptions>();
      const home = homeOf(session, options);
      const env = await instanceEnv(session, home, instanceIn(home));
      const [{ readConfig }, { effective, effectiveText }, { problemsText }] = await Promise.all([
        import('../../config/read.ts'),
        import('../../config/print.ts'),
        import('../../config/problem.ts'),
      ]);
      const reading = readConfig({
        env,
        cwd: session.cwd,
        ...(options.config === undefined ? {} : { file: options.config }),
      });
      const rows = effective(reading);
      if (options.json === true) writeJson(session, rows);
      else writeLines(session, [effectiveText(rows)]);
      for (const warning of reading.warnings) session.err.write(`${warning}\n`);
      if (reading.problems.length === 0) return;
      session.err.write(`${problemsText(reading.problems)}\n`);
      session.exit(2);
    });
