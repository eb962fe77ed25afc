import { Command } from 'commander';
import type { CommandName } from '../../model/command.ts';
import type { Platform } from '../../model/connector.ts';
import { jsonOption, platformOption, whole } from '../args.ts';
import { refused } from '../failure.ts';
import { type Common, type Session, writeJson } from '../io.ts';
import { progressLine } from '../progress.ts';
import { named, withFleet } from '../session.ts';
import { oneLine } from '../text.ts';
import { redeployDrifted } from './redeploy.ts';

interface ControlOptions extends Common {
  readonly platform?: Platform;
  /** Seconds. */
  readonly wait: number;
  readonly drifted?: boolean;
}

type Control = Exclude<CommandName, 'reconcile'>;

const texts: Readonly<Record<Control, readonly [string, string]>> = {
  start: [
    'start a connector',
    'Starts the connector, whatever the platform asks for, until "resume" or until the platform asks for something else.',
  ],
  stop: [
    'stop a connector',
    'Stops the connector, whatever the platform asks for, until "resume" or until the platform asks for something else.',
  ],
  restart: ['stop a connector and start it again', 'Stops the connector with its grace period and starts it again.'],
  redeploy: [
    'replace the container by a new one',
    'Pulls the image and replaces the container by a new one, although nothing has changed.',
  ],
  pause: [
    'leave a connector alone',
    'Leaves the connector alone, whatever happens to it or the platform asks, until "resume".',
  ],
  resume: [
    'hand a paused or overridden connector back',
    'Ends a pause, and a start or stop of an operator: the platform decides again.',
  ],
};

export const controls = Object.keys(texts) as readonly Control[];

const defaultWait = 60;

export function controlCommand(session: Session, name: Control): Command {
  const [summary, description] = texts[name];
  const made = new Command(name).summary(summary).description(description);
  const command =
    name === 'redeploy'
      ? made
          .argument('[connector]', 'name, id, or the beginning of the id')
          .option('--drifted', 'every connector whose tag was moved since, or whose reference is another one now')
      : made.argument('<connector>', 'name, id, or the beginning of the id');
  return command
    .addOption(platformOption())
    .option('--wait <seconds>', 'how long to wait until it is done', whole(0, 3_600), defaultWait)
    .addOption(jsonOption())
    .action(async (wanted: string | undefined, _options: ControlOptions, command: Command) => {
      const options = command.optsWithGlobals<ControlOptions>();
      if ((wanted === undefined) !== (options.drifted === true))
        throw refused('InvalidUsage', 'give either a connector or --drifted');
      if (wanted === undefined) return redeployDrifted(session, options);
      await withFleet(session, options, async (fleet) => {
        const connector = await named(fleet, wanted, options.platform);
        const progress = progressLine(session);
        progress.tell(`${name} of "${oneLine(connector.name)}" is under way`);
        const result = await fleet.apply(connector.workflowId, name, options.wait * 1_000).finally(progress.end);
        if (options.json === true)
          writeJson(session, {
            platform: connector.platform,
            id: connector.id,
            name: connector.name,
            command: name,
            ...result,
          });
        else session.out.write(`${oneLine(connector.name)}: ${oneLine(result.message)}\n`);
        session.exit(result.actions.some((a) => a.error !== undefined) ? 1 : 0);
      });
    });
}
