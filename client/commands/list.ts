import { Command, Option } from 'commander';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Phase } from '../../model/phase.ts';
import type { ConnectorSummary } from '../../model/summary.ts';
import { jsonOption, phaseOption, platformOption } from '../args.ts';
import { Failure } from '../failure.ts';
import type { Fleet } from '../fleet.ts';
import { type Common, type Session, writeJson, writeLines } from '../io.ts';
import { withFleet } from '../session.ts';
import { listDrift } from './drift.ts';
import { type Column, table } from '../table.ts';
import { type Colour, type Paint, painter, since } from '../text.ts';

interface ListOptions extends Common {
  readonly platform?: string;
  readonly phase?: string;
  readonly watch?: boolean;
  readonly drift?: boolean;
}

export const listCommand = (session: Session): Command =>
  new Command('list')
    .alias('ls')
    .summary('show the connectors as a table')
    .description('Shows every connector with its phase, what is asked for, what was observed and the last error.')
    .addOption(platformOption())
    .addOption(phaseOption())
    .addOption(jsonOption().conflicts('watch'))
    .option('-w, --watch', 'redraw every second until Ctrl-C')
    .addOption(
      new Option('--drift', 'compare what runs with what its tag stands for at the registry now').conflicts('watch'),
    )
    .action(async (_options: ListOptions, command: Command) => {
      const options = command.optsWithGlobals<ListOptions>();
      await withFleet(session, options, async (fleet) => {
        if (options.watch === true) return watch(session, fleet, options);
        const connectors = await fleet.connectors(options);
        if (options.drift === true) return listDrift(session, options, connectors);
        if (options.json === true) writeJson(session, connectors);
        else
          writeLines(
            session,
            listing(connectors, options, session.out.columns, painter(session.out, session.env), Date.now()),
          );
      });
    });

const colours: Readonly<Record<Phase, Colour>> = {
  absent: 'dim',
  deploying: 'cyan',
  stopped: 'dim',
  starting: 'cyan',
  running: 'green',
  stopping: 'cyan',
  refreshing: 'cyan',
  looping: 'yellow',
  failed: 'red',
  paused: 'magenta',
  retired: 'dim',
};

const shape = (now: number): readonly Column<ConnectorSummary>[] => [
  { title: 'NAME', value: (c) => c.name, least: 12 },
  { title: 'PLATFORM', value: (c) => c.platform },
  { title: 'PHASE', value: (c) => c.phase, colour: (c) => colours[c.phase] },
  { title: 'REQUESTED', value: (c) => c.requestedStatus },
  { title: 'CURRENT', value: (c) => c.currentStatus },
  { title: 'CONTAINER', value: (c) => c.container ?? '-', least: 8 },
  { title: 'IMAGE', value: (c) => c.image || '-', least: 10 },
  { title: 'RESTARTS', value: (c) => String(c.restarts) },
  { title: 'SINCE', value: (c) => since(c.since, now) },
  {
    title: 'LAST ERROR',
    value: (c) => (c.lastError === null ? '' : `${c.lastError.kind}: ${c.lastError.message}`),
    least: 10,
    colour: () => 'red',
  },
];

/** What `list` prints; an empty list says why and what to do. */
export function listing(
  connectors: readonly ConnectorSummary[],
  filter: { readonly platform?: string; readonly phase?: string },
  columns: number | undefined,
  paint: Paint,
  now: number,
): readonly string[] {
  if (connectors.length > 0) return table(connectors, shape(now), columns, paint);
  const which = [filter.platform, filter.phase].filter((x) => x !== undefined).join(', ');
  if (which !== '') return [`No connectors here (${which}). "cadenza list" without filters shows all.`];
  return [
    'No connectors yet. Add one on the platform and give it a few seconds; "cadenza doctor" tells if something is in the way.',
  ];
}

const period = 1_000;
const home = '\u001b[H';
const clearLine = '\u001b[K';
const clearBelow = '\u001b[J';
const enter = '\u001b[?1049h\u001b[?25l';
const leave = '\u001b[?25h\u001b[?1049l';

/** Draws over the old picture line by line, so that nothing flickers. Where there is no screen, prints what changed. */
async function watch(session: Session, fleet: Fleet, options: ListOptions): Promise<void> {
  const { out } = session;
  const over = session.interrupt();
  const screen = out.isTTY === true;
  const paint = painter(out, session.env);
  let known: readonly ConnectorSummary[] = [];
  let before = '';
  if (screen) out.write(enter);
  try {
    while (!over.aborted) {
      let trouble = '';
      try {
        known = await fleet.connectors(options);
      } catch (error) {
        if (!(error instanceof Failure) || error.code !== 3) throw error;
        trouble = error.message;
      }
      if (over.aborted) break;
      const lines = listing(known, options, out.columns, paint, Date.now());
      if (screen) {
        const foot = trouble === '' ? paint('dim', `${clock()}  Ctrl-C ends`) : paint('red', `${clock()}  ${trouble}`);
        const room = Math.max(1, (out.rows ?? 24) - 2);
        const shown =
          lines.length > room
            ? [...lines.slice(0, room - 1), paint('dim', `… ${lines.length - room + 1} more`)]
            : lines;
        out.write(home + [...shown, '', foot].map((line) => line + clearLine).join('\r\n') + clearBelow);
      } else {
        const text = trouble === '' ? lines.join('\n') : trouble;
        if (text !== before) out.write(`${before === '' ? '' : '\n'}${text}\n`);
        before = text;
      }
      await sleep(period, undefined, { signal: over }).catch(() => undefined);
    }
  } finally {
    if (screen) out.write(leave);
  }
}

const clock = (): string => new Date().toTimeString().slice(0, 8);
