import { Argument, Command } from 'commander';
import type { Platform } from '../../model/connector.ts';
import type { PlatformState } from '../../workflows/messages.ts';
import { asPlatform, jsonOption, platformOption } from '../args.ts';
import { refused } from '../failure.ts';
import { homeOf } from '../home.ts';
import { type Common, type Session, writeJson, writeLines } from '../io.ts';
import { noPlatform, withFleet } from '../session.ts';
import { recall, remember, validFor } from '../shown.ts';
import { table } from '../table.ts';
import { type Paint, oneLine, painter, since } from '../text.ts';

interface OrphansOptions extends Common {
  readonly platform?: Platform;
}

export const orphansCommand = (session: Session): Command =>
  new Command('orphans')
    .summary('containers whose connector the platform no longer lists')
    .description(
      'Shows the containers of this manager whose connector the platform no longer lists. They are removed after two ' +
        'sweeps, unless too many would go at once: then "cadenza orphans confirm <platform>" lets exactly the shown ones go.',
    )
    .addOption(platformOption())
    .addOption(jsonOption())
    .action(async (_options: OrphansOptions, command: Command) => {
      const options = command.optsWithGlobals<OrphansOptions>();
      await withFleet(session, options, async (fleet) => {
        const running = await fleet.platforms();
        const wanted = running.filter((p) => options.platform === undefined || p === options.platform);
        if (wanted.length === 0) throw noPlatform(options.platform, running);
        const states = await Promise.all(wanted.map((p) => fleet.platform(p)));
        const at = new Date().toISOString();
        remember(
          homeOf(session, options),
          Object.fromEntries(states.map((s) => [s.platform, { at, ids: s.sweep?.candidates.map((c) => c.id) ?? [] }])),
        );
        if (options.json === true) writeJson(session, states.map(document));
        else
          writeLines(
            session,
            states.flatMap((s) => page(s, session.out.columns, painter(session.out, session.env), Date.now())),
          );
      });
    })
    .addCommand(confirmCommand(session));

const confirmCommand = (session: Session): Command =>
  new Command('confirm')
    .summary('let the orphans go that "cadenza orphans" showed')
    .description('Confirms exactly the set that "cadenza orphans" showed within the last 15 minutes.')
    .addArgument(new Argument('<platform>', 'whose orphans').argParser(asPlatform))
    .addOption(jsonOption())
    .action(async (platform: Platform, _options: OrphansOptions, command: Command) => {
      const options = command.optsWithGlobals<OrphansOptions>();
      const shown = recall(homeOf(session, options), platform, Date.now());
      if (shown === undefined)
        throw refused(
          'NothingShown',
          `no orphans of ${platform} were shown in the last ${validFor / 60_000} minutes; run "cadenza orphans" first`,
        );
      if (shown.ids.length === 0)
        throw refused(
          'NothingShown',
          `"cadenza orphans" showed no orphans of ${platform}; there is nothing to confirm`,
        );
      const confirmed = await withFleet(session, options, (fleet) => fleet.confirmOrphans(platform, shown.ids));
      if (options.json === true) writeJson(session, { platform, ...confirmed });
      else
        session.out.write(
          `${platform}: ${confirmed.ids.length} confirmed; the next sweep removes them (valid until ${confirmed.until})\n`,
        );
    });

const document = ({ platform, sweep, confirmed }: PlatformState): object => ({
  platform,
  sweptAt: sweep?.at ?? null,
  candidates: sweep?.candidates ?? [],
  guard: sweep?.guard ?? null,
  unassigned: sweep?.unassigned ?? [],
  removed: sweep?.removed ?? [],
  confirmed,
});

function page(
  { platform, sweep, confirmed }: PlatformState,
  columns: number | undefined,
  paint: Paint,
  now: number,
): readonly string[] {
  const title = paint('bold', platform);
  if (sweep === null) return [`${title}: no orphans found so far`];
  const rows = table(
    sweep.candidates,
    [
      { title: 'ID', value: (c) => c.id },
      { title: 'NAME', value: (c) => c.name, least: 10 },
      { title: 'SWEEPS', value: (c) => String(c.sweeps) },
      { title: 'MISSING SINCE', value: (c) => `${since(c.firstSeen, now)} ago` },
    ],
    columns,
    paint,
  );
  return [
    `${title}: ${sweep.candidates.length === 0 ? 'no orphans' : `${sweep.candidates.length} without a connector on the platform`} (swept ${since(sweep.at, now)} ago)`,
    ...(sweep.candidates.length === 0 ? [] : rows.map((row) => `  ${row}`)),
    ...(sweep.guard === null ? [] : [`  ${paint('yellow', `held back: ${oneLine(sweep.guard.message)}`)}`]),
    ...(confirmed === null || Date.parse(confirmed.until) < now
      ? []
      : [`  ${confirmed.ids.length} confirmed until ${confirmed.until}`]),
    ...sweep.unassigned.map(
      (u) => `  unassigned, never removed by itself: ${oneLine(u.name)} (no platform label, no platform lists it)`,
    ),
  ];
}
