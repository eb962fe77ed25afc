import { fatal, startWorker } from './process.ts';

/** The connector process: `npm run worker`, or a child of the supervisor. Ends with 0 in order, 2 for a configuration that cannot work, 1 otherwise. */
try {
  const worker = await startWorker(process.env, process.cwd());
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => worker.stop());
  process.exitCode = await worker.ended;
} catch (error) {
  process.exitCode = fatal(error);
}
// Handles of libraries that stay open must not hold up an orderly end.
setTimeout(() => process.exit(), 2_000).unref();
