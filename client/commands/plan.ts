import { Command } from 'commander';
import type { Platform } from '../../model/connector.ts';
import { jsonOption, platformOption } from '../args.ts';
import { type Ran, collect } from '../beside.ts';
import { failed, refused } from '../failure.ts';
import { instanceEnv } from '../environment.ts';
import { homeOf, instanceIn } from '../home.ts';
import { type Common, type Session, writeJson, writeLines } from '../io.ts';
import type { Reconciled } from '../reconcile.ts';
import { anyFailed, report } from '../report.ts';
import { painter } from '../text.ts';

export interface PlanOptions extends Common {
  readonly platform?: Platform;
  readonly connector?: string;
}

const planning = (session: Session, name: string): Command =>
  new Command(name)
    .addOption(platformOption())
    .option('-c, --connector <connector>', 'only this connector (name or id)')
    .addOption(jsonOption())
    .action(async (_options: PlanOptions, command: Command) => {
      const options = command.optsWithGlobals<PlanOptions & { readonly dryRun?: boolean }>();
      if (name === 'adopt' && options.dryRun !== true)
        throw refused(
          'InvalidUsage',
          'the worker adopts by itself when it starts; "cadenza adopt --dry-run" shows what it would find',
        );
      await runPlan(session, options);
    });

export const planCommand = (session: Session): Command =>
  planning(session, 'plan')
    .summary('print what would be done, and change nothing')
    .description(
      'Lists platform and runtime, plans, and prints what would be done. Changes nothing, registers nothing, needs no ' +
        'Temporal server, and may run beside XTM Composer to see what a switch would mean.',
    );

export const adoptCommand = (session: Session): Command =>
  planning(session, 'adopt')
    .summary('with --dry-run: what the worker would adopt at its start')
    .option('-n, --dry-run', 'needed: the worker itself adopts when it starts');

/** Planning reaches platform and runtime itself, so it runs as a program of the worker. */
export async function runPlan(session: Session, options: PlanOptions): Promise<void> {
  const home = homeOf(session, options);
  const args = [
    '--json',
    ...(options.platform === undefined ? [] : ['--platform', options.platform]),
    ...(options.connector === undefined ? [] : ['--connector', options.connector]),
  ];
  const ran = await collect('plan', args, await instanceEnv(session, home, instanceIn(home)));
  const results = parsed(ran);
  if (ran.stderr !== '') session.err.write(`${ran.stderr}\n`);
  if (options.json === true) writeJson(session, results);
  else writeLines(session, report(results, painter(session.out, session.env)));
  session.exit(anyFailed(results) ? 1 : 0);
}

/** Without a plan on standard output, standard error says why there is none. */
function parsed({ code, stdout, stderr }: Ran): readonly Reconciled[] {
  try {
    const document: unknown = JSON.parse(stdout);
    if (Array.isArray(document)) return document as readonly Reconciled[];
  } catch {
    // No document: the reason is in the other stream.
  }
  const message = stderr || `no plan could be made (code ${code})`;
  throw code === 2 ? refused('InvalidConfiguration', message) : failed('Unexpected', message);
}
