import { readFileSync } from 'node:fs';
import { Command } from 'commander';
import { adoptCommand } from './commands/adopt.ts';
import { planCommand } from './commands/plan.ts';
import { configCommand } from './commands/config.ts';
import { controlCommand, controls } from './commands/control.ts';
import { doctorCommand } from './commands/doctor.ts';
import { listCommand } from './commands/list.ts';
import { logsCommand } from './commands/logs.ts';
import { moveCommand } from './commands/move.ts';
import { orphansCommand } from './commands/orphans.ts';
import { reconcileCommand } from './commands/reconcile.ts';
import { showCommand } from './commands/show.ts';
import { workerCommand } from './commands/worker.ts';
import type { Session } from './io.ts';

const after = `
Which instance: the one whose state folder is --home, CADENZA_HOME or ./.cadenza (its run.json says where it is),
or the Temporal server of TEMPORAL_ADDRESS, TEMPORAL_NAMESPACE or TEMPORAL_PROFILE.

Exit codes: 0 done, 1 something failed, 2 wrong usage, input or configuration, 3 not reachable.

Examples:
  cadenza list --watch
  cadenza show "My connector"
  cadenza reconcile --dry-run
  cadenza logs 5b0e8f3a -f
`;

/**
 * The whole command line. Actions write to the session and leave their exit code there; they throw a `Failure`. `quiet`:
 * the parser throws its errors without telling them.
 */
export function createProgram(session: Session, quiet: boolean): Command {
  const program = new Command('cadenza')
    .description(
      'Keeps the connectors of OpenCTI and OpenAEV running as containers, one durable Temporal workflow per connector.',
    )
    .version(version(), '-V, --version', 'print the version')
    .option('--home <folder>', 'state folder of the instance (default: CADENZA_HOME, else ./.cadenza)')
    .helpOption('-h, --help', 'show help')
    .addHelpText('after', after)
    .showHelpAfterError('(add --help for help)');
  const groups: readonly (readonly [string, readonly Command[]])[] = [
    ['See:', [listCommand(session), showCommand(session), logsCommand(session), orphansCommand(session)]],
    [
      'Act:',
      [reconcileCommand(session), planCommand(session), ...controls.map((name) => controlCommand(session, name))],
    ],
    [
      'Set up:',
      [
        doctorCommand(session),
        configCommand(session),
        adoptCommand(session),
        moveCommand(session),
        workerCommand(session),
      ],
    ],
  ];
  for (const [heading, commands] of groups)
    for (const command of commands) program.addCommand(command.helpGroup(heading));
  for (const command of everyCommand(program))
    command.exitOverride().configureOutput({
      writeOut: (text) => session.out.write(text),
      writeErr: (text) => void (quiet || session.err.write(text)),
      getOutHelpWidth: () => session.out.columns ?? 80,
      getErrHelpWidth: () => session.err.columns ?? 80,
      getOutHasColors: () => false,
      getErrHasColors: () => false,
    });
  return program;
}

const everyCommand = (command: Command): readonly Command[] => [command, ...command.commands.flatMap(everyCommand)];

/** From the package beside the sources, or beside the compiled files. */
function version(): string {
  for (const path of ['../package.json', '../../package.json'])
    try {
      const { name, version: v } = JSON.parse(readFileSync(new URL(path, import.meta.url), 'utf8')) as {
        name?: string;
        version?: string;
      };
      if (name === 'cadenza' && v !== undefined) return v;
    } catch {
      // The other place.
    }
  return 'unknown';
}
