import { resolve } from 'node:path';
import { parseArgs } from './up/args.ts';
import { noteChildren, stopLeftOvers } from './up/children.ts';
import { type RunFile, publish, unpublish } from './up/home.ts';
import { type Addresses, instance } from './up/instance.ts';
import { lockHome } from './up/lock.ts';
import { needs } from './up/needs.ts';
import { missingDemo, unready, waitFor } from './up/ready.ts';
import { screen } from './up/screen.ts';

/**
 * The supervisor behind `npm start`: Temporal, an engine where none answers, the sandbox where no platform is
 * configured, and the worker. Exit codes: 0 stopped, 1 could not go on, 2 wrong usage or configuration.
 */
const begun = Date.now();
const demoMs = 60_000;
/** npm hands on the signal that the terminal gave already: two within this time are one (ms). */
const sameSignalMs = 1_000;

const say = (text: string): void => void process.stdout.write(`${text}\n`);
const complain = (text: string): void => void process.stderr.write(`${text}\n`);
const reason = (error: unknown): string => (error instanceof Error ? error.message : 'unknown error');

async function main(): Promise<number> {
  const args = parseArgs(process.argv.slice(2));
  if (typeof args === 'string') {
    complain(args);
    return 2;
  }
  const home = resolve(process.env['CADENZA_HOME'] || '.cadenza');
  const lock = lockHome(home);
  if ('holder' in lock) {
    complain(
      `Cadenza runs already in ${home} (process ${lock.holder.pid}): end it with Ctrl-C there, or set CADENZA_HOME to another folder`,
    );
    return 1;
  }
  const children = noteChildren(home);
  const stopping = new AbortController();
  const interrupted = new Promise<number>((done) => {
    let first = 0;
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const)
      process.on(signal, () => {
        if (first === 0) {
          first = Date.now();
          say('\nStopping. Containers on an engine of your own keep running. Ctrl-C again does not wait.');
          stopping.abort(new Error('stopped'));
          done(0);
        } else if (Date.now() - first > sameSignalMs) {
          children.kill();
          unpublish(home);
          lock.release();
          process.exit(1);
        }
      });
  });
  try {
    unpublish(home);
    for (const name of await stopLeftOvers(home)) say(`Ended the ${name} that a killed start had left running`);
    return await supervise(home, args, children, stopping, interrupted);
  } finally {
    unpublish(home);
    lock.release();
  }
}

async function supervise(
  home: string,
  args: Exclude<ReturnType<typeof parseArgs>, string>,
  children: ReturnType<typeof noteChildren>,
  stopping: AbortController,
  interrupted: Promise<number>,
): Promise<number> {
  const { env } = process;
  let wanted: Awaited<ReturnType<typeof needs>>;
  try {
    wanted = await needs(args, env, process.cwd());
  } catch (error) {
    complain(reason(error));
    return 1;
  }
  const parts = instance({ home, env, needs: wanted, config: args.config, children, stopping: stopping.signal, say });
  const running = (async (): Promise<number> => {
    try {
      const at = await parts.start();
      await announce(home, at, wanted.engine.kind === 'own', wanted.temporal === undefined, stopping.signal);
      return await interrupted;
    } catch (error) {
      if (stopping.signal.aborted) return 0;
      complain(`Cadenza could not be started: ${reason(error)}`);
      return 1;
    }
  })();
  const unusable = parts.unusable.then((text) => {
    complain(text);
    return 2;
  });
  const code = await Promise.race([interrupted, running, unusable]);
  stopping.abort(new Error('stopped'));
  await parts.stop();
  if (code === 0) say('Stopped.');
  return code;
}

/** Waits until all is up, writes run.json and prints the screen. */
async function announce(
  home: string,
  at: Addresses,
  privateEngine: boolean,
  ownTemporal: boolean,
  signal: AbortSignal,
): Promise<void> {
  const health = `${at.worker}/health/ready`;
  const patience = Date.now() + 15_000;
  await waitFor(() => unready(health), {
    signal,
    onChange: (left) => Date.now() > patience && say(`Waiting: ${left.join('; ')}`),
  });
  const { sandbox, docker } = at;
  const missing =
    sandbox === null || docker === null
      ? []
      : await waitFor(() => missingDemo(sandbox.url, sandbox.token, docker.host, begun), {
          signal,
          deadlineMs: demoMs,
        });
  if (signal.aborted) return;
  const run: RunFile = {
    pid: process.pid,
    temporal: at.temporal,
    docker,
    sandbox: sandbox === null ? null : { url: sandbox.url },
    health,
    metrics: `${at.worker}/metrics`,
    startedAt: new Date().toISOString(),
  };
  publish(home, run);
  say(
    screen(run, {
      privateEngine,
      ownTemporal,
      seconds: (Date.now() - begun) / 1_000,
      home,
      otherHome: home !== resolve('.cadenza'),
      missing,
    }),
  );
}

try {
  process.exit(await main());
} catch (error) {
  complain(reason(error));
  process.exit(1);
}
