import { Command } from 'commander';
import type { IncomingMessage } from 'node:http';
import type { Platform } from '../../model/connector.ts';
import { platformOption, whole } from '../args.ts';
import { failed } from '../failure.ts';
import type { Common, Session } from '../io.ts';
import { named, withFleet } from '../session.ts';
import { askWorker } from '../worker.ts';

interface LogsOptions extends Common {
  readonly platform?: Platform;
  readonly follow?: boolean;
  readonly tail: number;
}

const defaultTail = 100;

export const logsCommand = (session: Session): Command =>
  new Command('logs')
    .summary('print what a connector writes')
    .description('Prints the log of the connector, oldest line first. What Cadenza did to it: "cadenza show".')
    .argument('<connector>', 'name, id, or the beginning of the id')
    .addOption(platformOption())
    .option('-f, --follow', 'go on until Ctrl-C')
    .option('-n, --tail <lines>', 'how many lines to begin with', whole(1, 10_000), defaultTail)
    .action(async (wanted: string, _options: LogsOptions, command: Command) => {
      const options = command.optsWithGlobals<LogsOptions>();
      const { platform, id } = await withFleet(session, options, (fleet) => named(fleet, wanted, options.platform));
      const follow = options.follow === true;
      const over = follow ? session.interrupt() : undefined;
      const path = `/v1/connectors/${encodeURIComponent(platform)}/${encodeURIComponent(id)}/logs?tail=${options.tail}${follow ? '&follow=1' : ''}`;
      try {
        await copy(await askWorker(session, options, path, over), session);
      } catch (error) {
        if (over?.aborted !== true) throw error;
      }
    });

async function copy(response: IncomingMessage, { out }: Session): Promise<void> {
  response.setEncoding('utf8');
  try {
    for await (const text of response) out.write(text as string);
  } catch {
    throw failed('Interrupted', 'the log broke off: the worker or the runtime went away');
  }
}
