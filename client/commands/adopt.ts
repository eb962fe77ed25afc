import { Command } from 'commander';
import type { Platform } from '../../model/connector.ts';
import { jsonOption, platformOption } from '../args.ts';
import { type Common, type Session, writeJson, writeLines } from '../io.ts';
import { type Paint, oneLine, painter } from '../text.ts';
import { type Planned, planned } from './plan.ts';
import { reconciled } from './reconcile.ts';

interface AdoptOptions extends Common {
  readonly platform?: Platform;
  readonly dryRun?: boolean;
}

export const adoptCommand = (session: Session): Command =>
  new Command('adopt')
    .summary('take over the containers that are there, and say what becomes of each')
    .description(
      'Says of every connector whether its container is taken over as it is, replaced, in conflict with something else, or ' +
        'not there yet, and which containers no platform lists. The worker adopts by itself when it starts; this has it ' +
        'look again at once. With --dry-run nothing is changed or registered, and XTM Composer may still run.',
    )
    .addOption(platformOption())
    .option('-n, --dry-run', 'only say what would become of each')
    .addOption(jsonOption())
    .action(async (_options: AdoptOptions, command: Command) => {
      const options = command.optsWithGlobals<AdoptOptions>();
      const verdicts = (await planned(session, options)).map((plan) => verdict(plan, options.dryRun === true));
      const failed = options.dryRun === true ? [] : await act(session, options);
      const results = verdicts.map((v) => ({
        ...v,
        failed: [...v.failed, ...failed.filter((f) => f.platform === v.platform).flatMap((f) => f.failed)],
      }));
      if (options.json === true) writeJson(session, results);
      else
        writeLines(
          session,
          results.flatMap((v) => lines(v, painter(session.out, session.env))),
        );
      session.exit(results.some((v) => v.failed.length + v.conflicts.length > 0) ? 1 : 0);
    });

const act = async (session: Session, options: AdoptOptions) => {
  const { withFleet } = await import('../session.ts');
  return withFleet(session, options, (fleet) => reconciled(session, fleet, options));
};

interface Entry {
  readonly id: string;
  readonly name: string;
  readonly reason: string;
}

interface Verdict {
  readonly platform: string;
  readonly dryRun: boolean;
  /** Taken over as they are: no restart, no write. */
  readonly adopted: readonly (Entry & { readonly object: string; readonly state: string })[];
  /** Taken over, and something is done about them: started, stopped, replaced. */
  readonly changes: readonly (Entry & { readonly action: string })[];
  readonly conflicts: readonly Entry[];
  /** Carry our manager id, and no platform lists them. */
  readonly orphans: readonly Entry[];
  readonly failed: Planned['failed'];
}

function verdict({ platform, adopts, planned: plans, failed }: Planned, dryRun: boolean): Verdict {
  const busy = new Set(plans.map((p) => p.id));
  const entry = ({ id, name, reason }: Entry): Entry => ({ id, name, reason });
  return {
    platform,
    dryRun,
    adopted: adopts
      .filter((a) => !busy.has(a.id))
      .map(({ id, name, object, state, manager }) => ({
        id,
        name,
        object,
        state,
        reason: manager === '' ? 'by its name and configuration' : `it carries the manager id ${manager}`,
      })),
    changes: plans
      .filter((p) => p.action !== 'hold' && p.action !== 'orphan')
      .map((p) => ({ ...entry(p), action: p.action })),
    conflicts: plans.filter((p) => p.action === 'hold').map(entry),
    orphans: plans.filter((p) => p.action === 'orphan').map(entry),
    failed,
  };
}

function lines(v: Verdict, paint: Paint): readonly string[] {
  const would = v.dryRun ? 'would be ' : '';
  const line = (word: string, e: Entry): string => `  ${word} ${oneLine(e.name || e.id)}: ${oneLine(e.reason)}`;
  return [
    `${paint('bold', v.platform)}: ${v.adopted.length} ${would}adopted as they are, ${v.changes.length} to change, ${v.conflicts.length} in conflict, ${v.orphans.length} that nobody lists`,
    ...v.adopted.map((e) => line(`${would}adopted`, { ...e, name: `${e.name} (${e.object}, ${e.state})` })),
    ...v.changes.map((e) => line(v.dryRun ? `would ${e.action}` : e.action, e)),
    ...v.conflicts.map((e) => line(paint('red', 'conflict'), e)),
    ...v.orphans.map((e) => line(paint('yellow', 'orphan'), e)),
    ...v.failed.map((f) => line(paint('red', 'failed'), { ...f, reason: f.error ?? f.reason })),
  ];
}
