/**
 * From nothing to all running: Cadenza against a plain sequential poll loop over the same engine, in one run.
 * Then once more with one image whose pull takes a minute among them. `npx tsx bench/convergence.ts [N=100] [rounds=3]`
 */
import { randomUUID } from 'node:crypto';
import { createInterface } from 'node:readline';
import Docker from 'dockerode';
import { docker } from '../runtimes/docker.ts';
import type { Runtime } from '../runtimes/runtime.ts';
import { startSandbox } from '../sandbox/server.ts';
import { startStage } from '../test/support/stage.ts';
import { clientOf, demoImage, freshNamespace, print, quantile, seconds, service, until } from './support.ts';

const n = Number(process.argv[2] ?? 100);
const rounds = Number(process.argv[3] ?? 3);
const address = service('TEMPORAL_ADDRESS');
const host = service('DOCKER_HOST');
const signal = () => AbortSignal.timeout(120_000);
const runtimeFor = (): Runtime =>
  docker({ host, timeoutMs: 120_000, hostOptions: { networkMode: 'none' }, pullConcurrency: 2, stopTimeout: 1 });
const engine = new Docker({ socketPath: host.replace('unix://', '') });

async function clean(manager: string): Promise<void> {
  const runtime = runtimeFor();
  const objects = await runtime.list([manager], signal());
  for (let i = 0; i < objects.length; i += 4)
    await Promise.all(objects.slice(i, i + 4).map((o) => engine.getContainer(o.ref).remove({ force: true, v: true })));
  runtime.close();
}

/** The engine's part alone, one after the other: create and start. */
async function bare(): Promise<number> {
  const manager = `seq-${randomUUID().slice(0, 8)}`;
  const begun = performance.now();
  for (let i = 0; i < n; i++) await createAndStart(manager, String(i));
  const took = performance.now() - begun;
  await clean(manager);
  return took;
}

/** A manager's poll loop: registers, lists, then for each connector in turn looks for it and its image, starts, reports. */
async function pollLoop(): Promise<number> {
  const manager = `seq-${randomUUID().slice(0, 8)}`;
  const sandbox = await startSandbox({ token: randomUUID() });
  for (let i = 0; i < n; i++)
    sandbox.control.add({
      name: `${manager}-${i}`,
      image: demoImage,
      configuration: [{ key: 'DEMO_LOG_INTERVAL', value: '60' }],
      requested: 'starting',
    });
  const client = clientOf(sandbox, manager);
  const begun = performance.now();
  await client.register(signal());
  for (const { id } of (await client.list(signal())).records) {
    const label = [`opencti-manager=${manager}`, `opencti-connector-id=${id}`];
    const there = await engine.listContainers({ all: true, filters: { label } });
    await engine.getImage(demoImage).inspect();
    if (there.length === 0) await createAndStart(manager, id);
    await client.reportStatus(id, 'started', signal());
  }
  const took = performance.now() - begun;
  await client.close();
  await sandbox.close();
  await clean(manager);
  return took;
}

async function createAndStart(manager: string, id: string): Promise<void> {
  const container = await engine.createContainer({
    name: `${manager}-${id}`,
    Image: demoImage,
    Env: [`CONNECTOR_NAME=c${id}`, 'DEMO_LOG_INTERVAL=60'],
    Labels: { 'opencti-manager': manager, 'opencti-connector-id': id, 'opencti-platform': 'opencti' },
    HostConfig: { NetworkMode: 'none' },
  });
  await container.start();
}

/** Containers of a manager that have started. Told by the engine: asking it again and again would take its time away. */
async function watchStarts(manager: string): Promise<{ readonly ids: ReadonlySet<string>; close(): void }> {
  const ids = new Set<string>();
  const filters = JSON.stringify({ type: ['container'], event: ['start'], label: [`opencti-manager=${manager}`] });
  const stream = await engine.getEvents({ filters });
  const lines = createInterface({ input: stream as unknown as NodeJS.ReadableStream });
  lines.on('line', (line) => ids.add((JSON.parse(line) as { Actor: { ID: string } }).Actor.ID));
  return { ids, close: () => lines.close() };
}

async function cadenza(slowPull: boolean): Promise<{ readonly all: number; readonly others: number }> {
  const manager = `bench-${randomUUID().slice(0, 8)}`;
  const sandbox = await startSandbox({ token: randomUUID() });
  for (let i = 0; i < n; i++)
    sandbox.control.add({
      name: `${manager}-${i}`,
      image: slowPull && i === 0 ? 'cadenza/slow:1' : demoImage,
      configuration: [{ key: 'DEMO_LOG_INTERVAL', value: '60' }],
      requested: 'starting',
    });
  const real = runtimeFor();
  const runtime: Runtime = {
    ...real,
    pull: async (image, policy, auth, progress, abort) => {
      if (image !== 'cadenza/slow:1') return real.pull(image, policy, auth, progress, abort);
      await new Promise((resolve) => setTimeout(resolve, 60_000));
      await engine.getImage(demoImage).tag({ repo: 'cadenza/slow', tag: '1' });
    },
  };
  const running = await watchStarts(manager);
  const stage = await startStage({
    address,
    namespace: await freshNamespace(address),
    platform: clientOf(sandbox, manager),
    runtime,
    managerId: manager,
    period: 10_000,
    schedules: false,
  });
  const begun = performance.now();
  const wanted = slowPull ? n - 1 : n;
  await until(300_000, () => running.ids.size >= wanted, 20);
  const others = performance.now() - begun;
  await until(300_000, () => running.ids.size >= n, 20);
  const all = performance.now() - begun;
  running.close();
  await stage.stop();
  // Left open they would keep Temporal busy with tasks nobody takes, during the next round.
  for await (const { workflowId } of stage.client.workflow.list())
    await stage.client.workflow.getHandle(workflowId).terminate('the round is over');
  await sandbox.close();
  await clean(manager);
  return { all, others };
}

const bares: number[] = [];
const loops: number[] = [];
const own: number[] = [];
// In turns, so that whatever else the machine does falls on all.
for (let i = 0; i < rounds; i++) {
  bares.push(await bare());
  loops.push(await pollLoop());
  own.push((await cadenza(false)).all);
}
const [bareLoop, loop, alone] = [quantile(bares, 0.5), quantile(loops, 0.5), quantile(own, 0.5)];
const slow = await cadenza(true);
await engine
  .getImage('cadenza/slow:1')
  .remove()
  .catch(() => undefined);
const times = (values: readonly number[]): string =>
  `${seconds(quantile(values, 0.5))} (${values.map(seconds).join(', ')})`;
print(`${n} connectors from nothing to running, ${rounds} rounds`, [
  ['poll loop, one after the other', times(loops)],
  ['the engine alone, one after the other', times(bares)],
  ['Cadenza', times(own)],
  ['against the poll loop', `${(loop / alone).toFixed(2)} times faster`],
  ['against the engine alone', `${(bareLoop / alone).toFixed(2)} times faster`],
  ['Cadenza, one pull of 60 s: the others', seconds(slow.others)],
  ['held up by', `${((slow.others / alone - 1) * 100).toFixed(0)} % of the run without it`],
  ['Cadenza, one pull of 60 s: all', seconds(slow.all)],
]);
process.exit(0);
