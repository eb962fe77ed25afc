import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { Connection } from '@temporalio/client';
import { opencti } from '../platforms/opencti.ts';
import type { PlatformClient } from '../platforms/platform.ts';
import type { Sandbox } from '../sandbox/server.ts';
import { testKey } from '../test/support/stage.ts';

/** What every bench needs: the services' addresses, a client of a sandbox, waiting, and figures a person can read. */
export function service(name: 'TEMPORAL_ADDRESS' | 'DOCKER_HOST'): string {
  const value = process.env[name];
  if (value === undefined || value === '') {
    process.stderr.write(`set ${name}: a bench runs beside "npm start", with the addresses in .cadenza/run.json\n`);
    process.exit(2);
  }
  return value;
}

export const demoImage = 'cadenza/demo-connector:1';

export const clientOf = (sandbox: Sandbox, managerId: string): PlatformClient =>
  opencti({
    url: sandbox.url,
    token: sandbox.token,
    manager: { id: managerId, name: 'Bench' },
    key: testKey(),
    unsecuredCertificate: false,
    withProxy: false,
    proxyCa: [],
    requestTimeoutMs: 30_000,
    connectTimeoutMs: 10_000,
    listingTimeoutMs: 120_000,
  });

/** A namespace of the bench's own, so that nothing of a running instance is touched. */
export async function freshNamespace(address: string): Promise<string> {
  const namespace = `bench-${randomUUID().slice(0, 8)}`;
  const connection = await Connection.connect({ address });
  await connection.workflowService.registerNamespace({
    namespace,
    workflowExecutionRetentionPeriod: { seconds: 86_400 as never },
  });
  await until(60_000, async () => {
    try {
      await connection.workflowService.describeNamespace({ namespace });
      await connection.operatorService.listSearchAttributes({ namespace });
      return true;
    } catch {
      return false;
    }
  });
  await connection.close();
  return namespace;
}

/** Waits for a condition; answers with the milliseconds it took, throws after the deadline. */
export async function until(
  deadlineMs: number,
  condition: () => boolean | Promise<boolean>,
  every = 20,
): Promise<number> {
  const begun = performance.now();
  while (!(await condition())) {
    if (performance.now() - begun > deadlineMs) throw new Error(`the bench waited ${deadlineMs} ms in vain`);
    await sleep(every);
  }
  return performance.now() - begun;
}

export const quantile = (values: readonly number[], q: number): number =>
  values.toSorted((a, b) => a - b)[Math.min(values.length - 1, Math.floor(q * values.length))] ?? Number.NaN;

export const seconds = (ms: number): string => `${(ms / 1000).toFixed(2)} s`;

export function print(title: string, rows: readonly (readonly [string, string])[]): void {
  const width = Math.max(...rows.map(([k]) => k.length));
  process.stdout.write(`${title}\n${rows.map(([k, v]) => `  ${k.padEnd(width)}  ${v}`).join('\n')}\n`);
}
