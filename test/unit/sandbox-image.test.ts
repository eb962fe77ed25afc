import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import type { Readable } from 'node:stream';
import { expect, test, type TestContext, vi } from 'vitest';

interface Run {
  readonly child: ChildProcessByStdio<null, Readable, Readable>;
  readonly out: () => readonly Record<string, string>[];
  readonly errors: () => readonly Record<string, string>[];
  readonly exit: Promise<readonly unknown[]>;
}

function collect(stream: Readable): () => readonly Record<string, string>[] {
  let text = '';
  stream.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
  return () =>
    text
      .split('\n')
      .slice(0, -1)
      .map((line) => JSON.parse(line) as Record<string, string>);
}

/** The demo image's script under the shell of this machine. */
function start(context: TestContext, env: Readonly<Record<string, string>>): Run {
  const child = spawn('sh', ['sandbox/image/connector.sh'], {
    env: { PATH: process.env['PATH'] ?? '', CONNECTOR_NAME: 'one', DEMO_LOG_INTERVAL: '1', ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const run = { child, out: collect(child.stdout), errors: collect(child.stderr), exit: once(child, 'exit') };
  context.onTestFinished(async () => {
    child.kill('SIGKILL');
    await run.exit;
  });
  return run;
}

const until = (check: () => void): Promise<void> => vi.waitFor(check, { timeout: 5000, interval: 20 });

test.concurrent('logs JSON lines as a connector does, beginning with its name', async (context) => {
  const { out } = start(context, { CONNECTOR_NAME: 'a "b" \\c' });
  await until(() => expect(out().length).toBeGreaterThan(2));
  expect(out()[0]).toMatchObject({ level: 'INFO', name: 'a "b" \\c', message: 'connector a "b" \\c starting' });
  expect(out()[1]?.['timestamp']).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/);
});

test.concurrent('stops at once on SIGTERM, however long the interval', async (context) => {
  const { child, out, exit } = start(context, { DEMO_LOG_INTERVAL: '600' });
  await until(() => expect(out()).toHaveLength(2));
  child.kill('SIGTERM');
  expect(await exit).toEqual([0, null]);
  expect(out().at(-1)?.['message']).toBe('stopping on SIGTERM');
});

test.concurrent('goes on when told to ignore SIGTERM', async (context) => {
  const { child, out } = start(context, { DEMO_IGNORE_SIGTERM: 'true' });
  await until(() => expect(out()).toHaveLength(2));
  child.kill('SIGTERM');
  await until(() => expect(out().length).toBeGreaterThan(3));
  expect(child.exitCode).toBeNull();
});

test.concurrent('crashes after the given time with the given code', async (context) => {
  const { exit, errors } = start(context, { DEMO_CRASH_AFTER: '1', DEMO_EXIT_CODE: '7', DEMO_LOG_INTERVAL: '600' });
  expect(await exit).toEqual([7, null]);
  expect(errors().at(-1)).toMatchObject({ level: 'ERROR', message: 'crashing with exit code 7' });
});

test.concurrent('crashes at once with 1 by default', async (context) => {
  expect(await start(context, { DEMO_CRASH_AFTER: '0' }).exit).toEqual([1, null]);
});

test.concurrent('exits 0 when its work is done', async (context) => {
  expect(await start(context, { DEMO_EXIT_AFTER: '1' }).exit).toEqual([0, null]);
});

test.concurrent('writes bursts, and to stderr when told so', async (context) => {
  const { out, errors } = start(context, { DEMO_LOG_LINES: '40', DEMO_WRITE_STDERR: 'true', DEMO_LOG_INTERVAL: '600' });
  await until(() => expect(errors()).toHaveLength(1));
  expect(out()).toHaveLength(41);
});

test.concurrent('prints the names of its variables and never a value', async (context) => {
  const { child, out, exit } = start(context, { DEMO_PRINT_KEYS: 'true', SOME_TOKEN: 's3cret\nLEAK=s3cret' });
  await until(() => expect(out().length).toBeGreaterThan(1));
  child.kill('SIGTERM');
  await exit;
  expect(out()[1]?.['message']).toBe('configuration keys: CONNECTOR_NAME,DEMO_LOG_INTERVAL,DEMO_PRINT_KEYS,SOME_TOKEN');
  expect(JSON.stringify(out())).not.toMatch(/s3cret|LEAK/);
});

test.concurrent('settings that are no numbers fall back to the defaults', async (context) => {
  const { out } = start(context, { DEMO_LOG_INTERVAL: 'often', DEMO_CRASH_AFTER: 'soon', DEMO_LOG_LINES: '' });
  await until(() => expect(out()).toHaveLength(2));
});

test('asks busybox for every tool it uses', () => {
  const script = readFileSync('sandbox/image/connector.sh', 'utf8').replace(/#.*$/gm, '');
  expect(script.match(/(?<!\$bb )\b(sleep|date|sed|awk|sort|tr) /g)).toBeNull();
});
