/**
 * How long it takes from a request on the platform to the container's new state and its report, and from a container's
 * death to its restart. Real engine, real Temporal server. `npx tsx bench/reaction.ts [rounds=10]`
 */
import { randomUUID } from 'node:crypto';
import Docker from 'dockerode';
import { docker } from '../runtimes/docker.ts';
import { startSandbox } from '../sandbox/server.ts';
import { startStage } from '../test/support/stage.ts';
import { clientOf, demoImage, freshNamespace, print, quantile, seconds, service, until } from './support.ts';

const rounds = Number(process.argv[2] ?? 10);
const address = service('TEMPORAL_ADDRESS');
const host = service('DOCKER_HOST');
const period = 10_000;
const manager = `bench-${randomUUID().slice(0, 8)}`;
const engine = new Docker({ socketPath: host.replace('unix://', '') });
const runtime = docker({
  host,
  timeoutMs: 120_000,
  hostOptions: { networkMode: 'none' },
  pullConcurrency: 2,
  stopTimeout: 5,
});
const sandbox = await startSandbox({ token: randomUUID() });
sandbox.control.add({ name: manager, image: demoImage, configuration: [], requested: 'starting' });
const stage = await startStage({
  address,
  namespace: await freshNamespace(address),
  platform: clientOf(sandbox, manager),
  runtime,
  managerId: manager,
  period,
  schedules: false,
});
const current = () => sandbox.control.connector(manager).current;
await until(60_000, () => current() === 'started');
const requests: number[] = [];
const deaths: number[] = [];
for (let i = 0; i < rounds; i++) {
  sandbox.control.stop(manager);
  requests.push(await until(60_000, () => current() === 'stopped', 5));
  sandbox.control.start(manager);
  requests.push(await until(60_000, () => current() === 'started', 5));
  const [object] = await runtime.list([manager], AbortSignal.timeout(10_000));
  if (object === undefined) throw new Error('there is no container');
  const container = engine.getContainer(object.ref);
  const { State } = await container.inspect();
  await container.kill();
  const took = await until(
    60_000,
    async () => {
      const now = (await container.inspect()).State;
      return now.Running && now.StartedAt !== State.StartedAt;
    },
    5,
  );
  deaths.push(took);
}
await stage.stop();
await sandbox.close();
await Promise.all(
  (await runtime.list([manager], AbortSignal.timeout(10_000))).map((o) =>
    engine.getContainer(o.ref).remove({ force: true, v: true }),
  ),
);
const row = (values: readonly number[]) =>
  `median ${seconds(quantile(values, 0.5))}, worst ${seconds(Math.max(...values))}`;
print(`Reaction, ${rounds} rounds, polling every ${period / 1000} s`, [
  ['requested status to state and report', row(requests)],
  ['  of which beyond one period, worst', seconds(Math.max(0, Math.max(...requests) - period))],
  ["container's death to running again", row(deaths)],
]);
process.exit(0);
