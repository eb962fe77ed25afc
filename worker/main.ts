import { fatal, startWorker } from './process.ts';

/** The connector process: `npm run worker`, or a child of the supervisor. Ends with 0 in order, 2 for a configuration that cannot work, 1 otherwise. */
try {
  const worker = await startWorker(process.env, process.cwd());
  let stopping = false;
  for (const signal of ['SIGTERM', 'SIGINT'] as const)
    process.once(signal, () => {
      stopping = true;
      worker.stop();
    });
  process.on('uncaughtException', (error) => {
    // The client library's timer for another try of a call may outlive its connection; nothing is lost with it.
    if (stopping && error.message === 'Channel has been shut down') return;
    process.stderr.write(`${error.stack ?? error.message}\n`);
    process.exit(1);
  });
  process.exitCode = await worker.ended;
} catch (error) {
  process.exitCode = fatal(error);
}
// Handles of libraries that stay open must not hold up an orderly end.
setTimeout(() => process.exit(), 2_000).unref();
