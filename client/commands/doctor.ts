import { Command } from 'commander';
import type { Check } from '../../model/check.ts';
import { jsonOption } from '../args.ts';
import { collect } from '../beside.ts';
import { Failure, failed } from '../failure.ts';
import { instanceEnv } from '../environment.ts';
import { homeOf, instanceIn } from '../home.ts';
import { type Common, type Session, writeJson, writeLines } from '../io.ts';
import { painter } from '../text.ts';
import { verdict } from '../verdict.ts';
import { askWorker, body } from '../worker.ts';

export const doctorCommand = (session: Session): Command =>
  new Command('doctor')
    .summary('look for what is wrong, and say how to mend it')
    .description(
      'Checks configuration, Temporal, platform, rights of the token, key and runtime. A running worker is asked what it ' +
        'sees; without one the checks are made from here.',
    )
    .addOption(jsonOption())
    .action(async (_options: Common, command: Command) => {
      const options = command.optsWithGlobals<Common>();
      const { checks, from } = await examined(session, options);
      if (options.json === true) writeJson(session, checks);
      else writeLines(session, verdict(checks, from, painter(session.out, session.env)));
      session.exit(checks.some((c) => c.ok === false) ? 1 : 0);
    });

interface Examined {
  readonly checks: readonly Check[];
  readonly from: string;
}

async function examined(session: Session, options: Common): Promise<Examined> {
  const worker = await byWorker(session, options);
  if (worker !== undefined) return { checks: worker, from: 'as the running worker sees it' };
  const home = homeOf(session, options);
  const { code, stdout, stderr } = await collect(
    'doctor',
    ['--json'],
    await instanceEnv(session, home, instanceIn(home)),
  );
  const checks = asChecks(stdout);
  if (checks === undefined)
    throw failed('Unexpected', stderr || `the doctor ended with code ${code} and without a word`);
  if (stderr !== '') session.err.write(`${stderr}\n`);
  return { checks, from: 'from here, as no worker answers' };
}

/** `undefined`: no worker that could be asked. */
async function byWorker(session: Session, options: Common): Promise<readonly Check[] | undefined> {
  try {
    return asChecks(await body(await askWorker(session, options, '/v1/doctor')));
  } catch (error) {
    if (error instanceof Failure) return undefined;
    throw error;
  }
}

function asChecks(text: string): readonly Check[] | undefined {
  try {
    const checks: unknown = JSON.parse(text);
    return Array.isArray(checks) ? (checks as readonly Check[]) : undefined;
  } catch {
    return undefined;
  }
}
