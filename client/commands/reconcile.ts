import { Command } from 'commander';
import type { Platform } from '../../model/connector.ts';
import { jsonOption, platformOption } from '../args.ts';
import type { Fleet } from '../fleet.ts';
import { type Common, type Session, writeJson, writeLines } from '../io.ts';
import { progressLine } from '../progress.ts';
import { type Reconciled, reconcile } from '../reconcile.ts';
import { anyFailed, report } from '../report.ts';
import { misnamed, resolve } from '../resolve.ts';
import { noPlatform, withFleet } from '../session.ts';
import { painter } from '../text.ts';
import { runPlan } from './plan.ts';

export interface ReconcileOptions extends Common {
  readonly platform?: Platform;
  readonly connector?: string;
  readonly dryRun?: boolean;
}

/** How long one connector may take, a pull included, before the command goes on without it (ms). */
const patience = 300_000;

export const reconcileCommand = (session: Session): Command =>
  new Command('reconcile')
    .summary('bring platform and runtime into line now, and wait for it')
    .description(
      'Compares the platform with the runtime at once instead of at the next period, waits until every connector with ' +
        'something to do has come to rest, and prints what was seen, changed and failed.',
    )
    .addOption(platformOption())
    .option('-c, --connector <connector>', 'only this connector (name or id)')
    .option('-n, --dry-run', 'print the plan and change nothing (the same as "cadenza plan")')
    .addOption(jsonOption())
    .action(async (_options: ReconcileOptions, command: Command) => {
      const options = command.optsWithGlobals<ReconcileOptions>();
      if (options.dryRun === true) return runPlan(session, options);
      const results = await withFleet(session, options, (fleet) => reconciled(session, fleet, options));
      if (options.json === true) writeJson(session, results);
      else writeLines(session, report(results, painter(session.out, session.env)));
      session.exit(anyFailed(results) ? 1 : 0);
    });

/** Reconciles every platform that the options allow. */
export async function reconciled(
  session: Session,
  fleet: Fleet,
  options: ReconcileOptions,
): Promise<readonly Reconciled[]> {
  const progress = progressLine(session);
  try {
    const only =
      options.connector === undefined
        ? undefined
        : await known(fleet, options.connector, options.platform, progress.tell);
    const running = await fleet.platforms();
    const wanted = only?.platform ?? options.platform;
    const platforms = running.filter((p) => wanted === undefined || p === wanted);
    if (platforms.length === 0) throw noPlatform(wanted, running);
    return await Promise.all(platforms.map((p) => reconcile(fleet, p, only?.id, patience, progress.tell)));
  } finally {
    progress.end();
  }
}

/** A connector added on the platform a moment ago has no workflow yet: then a poll comes first. */
async function known(
  fleet: Fleet,
  wanted: string,
  platform: Platform | undefined,
  tell: (text: string) => void,
): Promise<{ readonly id: string; readonly platform: Platform }> {
  const filter = platform === undefined ? {} : { platform };
  const found = resolve(await fleet.connectors(filter), wanted);
  if (found.kind === 'found') return found.connector;
  tell(`no connector "${wanted}" yet; asking the platform`);
  const platforms = await fleet.platforms();
  const polls = await Promise.all(
    platforms.filter((p) => platform === undefined || p === platform).map((p) => fleet.sync(p)),
  );
  const fresh = polls.flatMap((poll) => poll.planned.map((a) => ({ id: a.id, name: a.name, platform: poll.platform })));
  const [match, ...others] = fresh.filter((a) => a.id === wanted || a.name === wanted);
  if (match !== undefined && others.length === 0) return match;
  const all = await fleet.connectors(filter);
  const again = resolve(all, wanted);
  if (again.kind === 'found') return again.connector;
  throw misnamed(wanted, again, all.length);
}
