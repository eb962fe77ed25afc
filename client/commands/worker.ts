import { Command } from 'commander';
import { become } from '../beside.ts';
import { instanceEnv } from '../environment.ts';
import { homeOf } from '../home.ts';
import type { Common, Session } from '../io.ts';

export const workerCommand = (session: Session): Command =>
  new Command('worker')
    .summary('run only the worker, beside an existing Temporal server')
    .description(
      'Runs the process that manages the connectors, until SIGTERM or Ctrl-C. TEMPORAL_ADDRESS names the server.',
    )
    .action(async (_options: Common, command: Command) => {
      const options = command.optsWithGlobals<Common>();
      const code = await become('main', [], await instanceEnv(session, homeOf(session, options), undefined));
      session.exit(code === 0 || code === 2 || code === 3 ? code : 1);
    });
