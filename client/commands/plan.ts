import { Command } from 'commander';
import type { Platform } from '../../model/connector.ts';
import { jsonOption, platformOption } from '../args.ts';
import { type Ran, collect } from '../beside.ts';
import { failed, refused } from '../failure.ts';
import { instanceEnv } from '../environment.ts';
import { homeOf, instanceIn } from '../home.ts';
import { type Common, type Session, writeJson, writeLines } from '../io.ts';
import type { Adopted } from '../../worker/dryrun.ts';
import type { Reconciled } from '../reconcile.ts';
import { anyFailed, report } from '../report.ts';
import { painter } from '../text.ts';

/** A plan together with what is there already. */
export type Planned = Reconciled & { readonly adopts: readonly Adopted[] };

export interface PlanOptions extends Common {
  readonly platform?: Platform;
  readonly connector?: string;
}

export const planCommand = (session: Session): Command =>
  new Command('plan')
    .summary('print what would be done, and change nothing')
    .description(
      'Lists platform and runtime, plans, and prints what would be done. Changes nothing, registers nothing, needs no ' +
        'Temporal server, and may run beside XTM Composer to see what a switch would mean.',
    )
    .addOption(platformOption())
    .option('-c, --connector <connector>', 'only this connector (name or id)')
    .addOption(jsonOption())
    .action(async (_options: PlanOptions, command: Command) => {
      await runPlan(session, command.optsWithGlobals<PlanOptions>());
    });

/** Planning reaches platform and runtime itself, so it runs as a program of the worker. */
export async function runPlan(session: Session, options: PlanOptions): Promise<void> {
  const results = (await planned(session, options)).map(({ adopts: _adopts, ...exact }) => exact);
  if (options.json === true) writeJson(session, results);
  else writeLines(session, report(results, painter(session.out, session.env)));
  session.exit(anyFailed(results) ? 1 : 0);
}

/** What a worker would do and what it would take over, without one. */
export async function planned(session: Session, options: PlanOptions): Promise<readonly Planned[]> {
  const home = homeOf(session, options);
  const args = [
    '--json',
    ...(options.platform === undefined ? [] : ['--platform', options.platform]),
    ...(options.connector === undefined ? [] : ['--connector', options.connector]),
  ];
  const ran = await collect('plan', args, await instanceEnv(session, home, instanceIn(home)));
  const results = parsed(ran);
  if (ran.stderr !== '') session.err.write(`${ran.stderr}\n`);
  return results;
}

/** Without a plan on standard output, standard error says why there is none. */
function parsed({ code, stdout, stderr }: Ran): readonly Planned[] {
  try {
    const document: unknown = JSON.parse(stdout);
    if (Array.isArray(document)) return document as readonly Planned[];
  } catch {
    // No document: the reason is in the other stream.
  }
  const message = stderr || `no plan could be made (code ${code})`;
  throw code === 2 ? refused('InvalidConfiguration', message) : failed('Unexpected', message);
}
