#!/usr/bin/env node
import type { Io } from './io.ts';
import { run } from './run.ts';

/** The `cadenza` command. */
const io: Io = {
  env: process.env,
  cwd: process.cwd(),
  out: process.stdout,
  err: process.stderr,
  interrupt: () => {
    const controller = new AbortController();
    // Only the first one is ours: whoever presses twice means it.
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => controller.abort());
    return controller.signal;
  },
};

// The reader of a pipe may leave early (`cadenza list | head -1`).
process.stdout.on('error', (error: NodeJS.ErrnoException) => process.exit(error.code === 'EPIPE' ? 0 : 1));

process.exitCode = await run(process.argv.slice(2), io);
