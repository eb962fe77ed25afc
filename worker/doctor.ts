import { verdict } from '../client/verdict.ts';
import { painter } from '../client/text.ts';
import { diagnose } from './doctor/diagnose.ts';

/**
 * Says what is wrong and how to mend it: `node dist/worker/doctor.js [--json]`. Exit codes: 0 all well, 1 something is
 * wrong, 2 wrong usage.
 */
async function main(args: readonly string[]): Promise<number> {
  const unknown = args.find((arg) => arg !== '--json');
  if (unknown !== undefined) {
    process.stderr.write(`unknown argument ${unknown}; the only one is --json\n`);
    return 2;
  }
  const checks = await diagnose(process.env, process.cwd());
  const text = args.includes('--json')
    ? JSON.stringify(checks, undefined, 2)
    : verdict(checks, 'from here', painter(process.stdout, process.env)).join('\n');
  process.stdout.write(`${text}\n`);
  return checks.some((c) => c.ok === false) ? 1 : 0;
}

process.exitCode = await main(process.argv.slice(2));
// Handles of libraries that stay open must not hold up the end.
setTimeout(() => process.exit(), 1_000).unref();
