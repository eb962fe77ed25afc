import { fork } from 'node:child_process';
import { writeFileSync, mkdtempSync, rmSync } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { root } from '../../tools/cache.ts';
import { port } from '../../tools/ports.ts';

test('the usual port while it is free, else another', async () => {
  const usual = await port(0);
  expect(await port(usual)).toBe(usual);
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(usual, '127.0.0.1', resolve));
  try {
    expect((server.address() as AddressInfo).port).toBe(usual);
    expect(await port(usual)).not.toBe(usual);
  } finally {
    server.close();
  }
});

/** A start of its own: asks for a port, says which one it has got, and ends when told to. */
function starter(script: string, usual: number) {
  const child = fork(script, [String(usual)], { execArgv: ['--import', 'tsx'], cwd: root });
  return {
    got: new Promise<number>((resolve) => child.once('message', (message) => resolve(message as number))),
    end: () => new Promise<void>((resolve) => void child.once('exit', () => resolve()).kill('SIGKILL')),
  };
}

test.runIf(process.platform === 'linux')('starts at the same moment do not choose one port', async () => {
  const dir = mkdtempSync(join(tmpdir(), 'cadenza-ports-'));
  const script = join(dir, 'start.mjs');
  const module = JSON.stringify(join(root, 'tools', 'ports.ts'));
  writeFileSync(
    script,
    `const { port } = await import(${module}); process.send(await port(Number(process.argv[2]))); setInterval(() => {}, 1e6);`,
  );
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port: usual } = server.address() as AddressInfo;
  await new Promise<void>((resolve) => server.close(() => resolve()));

  const starters = [1, 2, 3].map(() => starter(script, usual));
  const got = await Promise.all(starters.map((s) => s.got));
  expect(new Set(got).size).toBe(3);
  expect(got.filter((one) => one === usual)).toHaveLength(1);
  await Promise.all(starters.map((s) => s.end()));

  const later = starter(script, usual);
  expect(await later.got).toBe(usual);
  await later.end();
  rmSync(dir, { recursive: true, force: true });
});
