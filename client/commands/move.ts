import { Argument, Command } from 'commander';
import type { Platform } from '../../model/connector.ts';
import { asPlatform, jsonOption } from '../args.ts';
import { type Common, type Session, writeJson } from '../io.ts';
import { noPlatform, withFleet } from '../session.ts';

export const moveCommand = (session: Session): Command =>
  new Command('move')
    .summary('let a platform be managed on another runtime')
    .description(
      'A platform is bound to the engine it is managed on, so that two workers can never double a container. After ' +
        '"move" the next worker that attaches may bring another engine. Stop the connectors on the old one first: it is not touched any more.',
    )
    .addArgument(new Argument('<platform>', 'which one').argParser(asPlatform))
    .addOption(jsonOption())
    .action(async (platform: Platform, _options: Common, command: Command) => {
      const options = command.optsWithGlobals<Common>();
      const { from } = await withFleet(session, options, async (fleet) => {
        const running = await fleet.platforms();
        if (!running.includes(platform)) throw noPlatform(platform, running);
        return fleet.move(platform);
      });
      if (options.json === true) writeJson(session, { platform, from });
      else
        session.out.write(
          `${platform} is no longer bound to engine ${from}; the next worker that starts may bring another one\n`,
        );
    });
