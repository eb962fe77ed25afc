import { Command } from 'commander';
import type { ConnectorSummary } from '../../model/summary.ts';
import type { ConnectorState } from '../../workflows/messages.ts';
import { jsonOption, platformOption } from '../args.ts';
import { type Common, type Session, writeJson, writeLines } from '../io.ts';
import { named, withFleet } from '../session.ts';
import { pairs } from '../table.ts';
import { type Paint, oneLine, painter, since, until } from '../text.ts';

interface ShowOptions extends Common {
  readonly platform?: string;
}

export const showCommand = (session: Session): Command =>
  new Command('show')
    .summary('everything known of one connector')
    .description(
      'Shows all that is known of one connector, its last transitions and why, and where its workflow is in the Temporal UI. ' +
        'A connector is named by its name, its id, or the beginning of its id.',
    )
    .argument('<connector>', 'name or id')
    .addOption(platformOption())
    .addOption(jsonOption())
    .action(async (wanted: string, _options: ShowOptions, command: Command) => {
      const options = command.optsWithGlobals<ShowOptions>();
      await withFleet(session, options, async (fleet) => {
        const listed = await named(fleet, wanted, options.platform);
        const state = await fleet.connector(listed.workflowId);
        const ui = fleet.link(listed.workflowId);
        if (state === undefined)
          session.err.write(
            'no worker answers; this is what the workflow last said of itself, without its transitions\n',
          );
        if (options.json === true) writeJson(session, document(listed, state, ui));
        else writeLines(session, page(listed, state, ui, painter(session.out, session.env), Date.now()));
      });
    });

/** The entry of `list` and what a query adds; `transitions` is empty when no worker answered. */
const document = (listed: ConnectorSummary, state: ConnectorState | undefined, ui: string | null): object => ({
  ...(state?.summary ?? listed),
  transitions: state?.memory.transitions ?? [],
  lines: state?.memory.lines ?? [],
  doing: state?.doing ?? null,
  nextLook: state?.nextLook ?? null,
  answered: state !== undefined,
  ui,
});

const linesShown = 10;

function page(
  listed: ConnectorSummary,
  state: ConnectorState | undefined,
  ui: string | null,
  paint: Paint,
  now: number,
): readonly string[] {
  const s = state?.summary ?? listed;
  const m = state?.memory;
  const ago = (text: string): string => `${since(text, now)} ago`;
  const asked =
    m?.override === undefined
      ? s.requestedStatus
      : `${s.requestedStatus} (an operator's, ${ago(m.override.at)}; the platform asks for ${m.override.instead})`;
  const trouble = m?.failure;
  const facts: readonly (readonly [string, string | undefined])[] = [
    ['id', s.id],
    ['platform', s.platform],
    ['phase', `${s.phase}, since ${s.since} (${ago(s.since)})`],
    ['doing', state?.doing ? `${state.doing.action}, since ${ago(state.doing.since).replace(' ago', '')}` : undefined],
    ['requested', asked],
    ['observed', s.currentStatus],
    ['told to platform', s.reportedStatus ?? 'nothing yet'],
    ['container', s.container === null ? 'none' : `${s.container} (${s.runtime})`],
    ['image', s.image || 'none'],
    ['contract hash', s.contractHash || 'none'],
    ['restarts', `${s.restarts}${m?.looping === true ? `, reboot loop after ${m.crashes} crashes` : ''}`],
    [
      'last error',
      s.lastError === null ? undefined : paint('red', oneLine(`${s.lastError.kind}: ${s.lastError.message}`)),
    ],
    [
      'failed attempts',
      trouble === undefined ? undefined : `${trouble.attempts} of ${trouble.action}, since ${trouble.since}`,
    ],
    [
      'next look',
      state === undefined
        ? undefined
        : state.nextLook === null
          ? 'when something changes'
          : `${state.nextLook} (${until(state.nextLook, now)})`,
    ],
    ['workflow', s.workflowId],
    ['in Temporal', ui ?? undefined],
  ];
  return [
    paint('bold', oneLine(s.name)),
    ...pairs(
      facts.flatMap(([key, value]): [string, string][] => (value === undefined ? [] : [[`  ${key}`, value]])),
      paint,
    ),
    ...section(
      'Transitions, newest first',
      m?.transitions.toReversed().map((t) => `  ${t.at}  ${t.from} → ${t.to}: ${oneLine(t.reason)}`),
      paint,
    ),
    ...section(
      'What happened, newest first',
      m?.lines
        .toReversed()
        .slice(0, linesShown)
        .map((l) => `  ${l.at}  ${l.level} ${l.event}: ${oneLine(l.text)}`),
      paint,
    ),
  ];
}

const section = (title: string, lines: readonly string[] | undefined, paint: Paint): readonly string[] =>
  lines === undefined || lines.length === 0 ? [] : ['', paint('bold', title), ...lines];
