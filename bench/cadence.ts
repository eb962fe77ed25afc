/**
 * How regularly a fleet's logs and health reach the platform at the shipped periods: the times between two pushes of
 * each of 40 connectors that write all the time, on a runtime in memory. `npx tsx bench/cadence.ts [connectors=40] [seconds=100]`
 */
import { randomUUID } from 'node:crypto';
import { startSandbox } from '../sandbox/server.ts';
import { fakeRuntime } from '../test/support/fake-runtime.ts';
import { gapsOf } from '../test/support/gaps.ts';
import { startStage } from '../test/support/stage.ts';
import { clientOf, demoImage, freshNamespace, print, quantile, seconds, service, until } from './support.ts';

const count = Number(process.argv[2] ?? 40);
const watched = Number(process.argv[3] ?? 100) * 1_000;
const address = service('TEMPORAL_ADDRESS');
const cadence = { poll: 10_000, ping: 40_000, health: 30_000, logs: 10_000, pullTimeout: 600_000 };
const manager = `bench-${randomUUID().slice(0, 8)}`;
const runtime = fakeRuntime({ id: manager });
const sandbox = await startSandbox({ token: randomUUID() });
const { control } = sandbox;
const ids = Array.from(
  { length: count },
  (_, i) => control.add({ name: `connector-${i}`, image: demoImage, configuration: [], requested: 'starting' }).id,
);
const stage = await startStage({
  address,
  namespace: await freshNamespace(address),
  platform: clientOf(sandbox, manager),
  runtime,
  managerId: manager,
  period: cadence.poll,
  schedules: false,
  settings: { cadence },
});
await until(120_000, () => ids.every((id) => control.connector(id).current === 'started'));
const begun = Date.now();
const writing = setInterval(() => {
  for (const id of ids) runtime.write(id, `written at ${new Date().toISOString()}`);
}, 1_000);
await until(watched + 1_000, () => Date.now() - begun >= watched, 500);
clearInterval(writing);
const row = (operation: Parameters<typeof gapsOf>[1], promised: number): string => {
  const gaps = gapsOf(control, operation, ids, begun);
  const all = [...gaps.values()].flat();
  // The time since the last push counts too: a connector nobody pushes any more has no next one to measure.
  const silent = [...gaps.values()].map((g) => watched - g.reduce((sum, gap) => sum + gap, 0));
  const worst = Math.max(...all, ...silent);
  const bound = promised + cadence.poll;
  return `median ${seconds(quantile(all, 0.5))}, worst ${seconds(worst)}, ${all.length} pushes; bound ${seconds(bound)}: ${worst <= bound ? 'kept' : 'BROKEN'}`;
};
const rows = [
  ['logs', row('updateConnectorLogs', cadence.logs)],
  ['health', row('updateConnectorHealth', cadence.health)],
] as const;
await stage.stop();
await sandbox.close();
print(`${count} connectors over ${watched / 1_000} s, polling every ${cadence.poll / 1_000} s`, rows);
process.exit(0);
