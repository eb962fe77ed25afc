import { parseArgs } from 'node:util';
import { pino } from 'pino';
import { loadConfig } from '../config/load.ts';
import { dryRun } from './dryrun.ts';
import { configuredOne } from './platforms.ts';
import { makeSite } from './site.ts';

/**
 * What a reconcile would do, printed as JSON: `node dist/worker/plan.js [--platform P] [--connector X]`. Needs no
 * Temporal server, registers nothing, and may run beside XTM Composer. Exit codes: 0 done, 1 something failed, 2 wrong
 * configuration or usage.
 */
async function main(): Promise<number> {
  const { values } = parseArgs({
    options: {
      platform: { type: 'string' },
      connector: { type: 'string' },
      json: { type: 'boolean' },
      'dry-run': { type: 'boolean' },
    },
  });
  const loaded = loadConfig({ env: process.env, cwd: process.cwd() });
  if (!loaded.ok) {
    process.stderr.write(`${loaded.text}\n`);
    return 2;
  }
  const quiet = pino({ level: 'silent' });
  const log = {
    debug: (m: string) => quiet.debug(m),
    info: (m: string) => quiet.info(m),
    warn: (m: string) => void process.stderr.write(`${m}\n`),
    error: (m: string) => void process.stderr.write(`${m}\n`),
  };
  const { config, platforms, keys } = loaded;
  // In the order of the running instance's answers.
  const wanted = platforms.filter((p) => values.platform === undefined || p === values.platform).toSorted();
  if (wanted.length === 0) {
    process.stderr.write(`no enabled platform is called "${values.platform}"; enabled: ${platforms.join(', ')}\n`);
    return 2;
  }
  const places = wanted.map((p) => configuredOne(config, p, platforms, keys, process.env, log));
  const signal = AbortSignal.timeout(5 * 60_000);
  const results = await Promise.all(
    places.map((p) =>
      dryRun(makeSite(p.client, p.runtime, p.settings, log, Date.now), values.connector, Date.now, signal),
    ),
  );
  process.stdout.write(`${JSON.stringify(results, null, 2)}\n`);
  for (const p of places) {
    p.runtime.close();
    await p.client.close();
  }
  return results.some((r) => r.failed.length > 0) ? 1 : 0;
}

try {
  process.exitCode = await main();
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : 'failed'}\n`);
  process.exitCode = error instanceof Error && error.name === 'InvalidConfiguration' ? 2 : 1;
}
setTimeout(() => process.exit(), 1_000).unref();
