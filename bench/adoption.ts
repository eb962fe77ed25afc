/**
 * Taking over what XTM Composer left: N running containers with its labels and hashes on a real engine, and a worker that
 * starts for the first time. `npx tsx bench/adoption.ts [N=100]`
 */
import { randomUUID } from 'node:crypto';
import Docker from 'dockerode';
import { docker } from '../runtimes/docker.ts';
import { startSandbox } from '../sandbox/server.ts';
import { startStage } from '../test/support/stage.ts';
import { clientOf, demoImage, freshNamespace, print, seconds, service, until } from './support.ts';

const n = Number(process.argv[2] ?? 100);
const period = 10_000;
const address = service('TEMPORAL_ADDRESS');
const host = service('DOCKER_HOST');
const engine = new Docker({ socketPath: host.replace('unix://', '') });
const manager = `adopt-${randomUUID().slice(0, 8)}`;
const sandbox = await startSandbox({ token: randomUUID() });
for (let i = 0; i < n; i++)
  sandbox.control.add({
    name: `${manager}-${i}`,
    image: demoImage,
    configuration: [{ key: 'DEMO_LOG_INTERVAL', value: '60' }],
    requested: 'starting',
  });

const client = clientOf(sandbox, manager);
const signal = AbortSignal.timeout(600_000);
await client.register(signal);
const { records } = await client.list(signal);
process.stdout.write(`making ${records.length} containers\n`);
for (const record of records) {
  const container = await engine.createContainer({
    name: record.name,
    Image: demoImage,
    Env: [`CONNECTOR_ID=${record.id}`, `OPENCTI_CONFIG_HASH=${record.contractHash}`, 'DEMO_LOG_INTERVAL=60'],
    Labels: { 'opencti-manager': manager, 'opencti-connector-id': record.id },
    HostConfig: { NetworkMode: 'none' },
  });
  await container.start();
  await client.reportStatus(record.id, 'started', signal);
}
const filters = { label: [`opencti-manager=${manager}`] };
const state = async (): Promise<string> => {
  const all = await engine.listContainers({ all: true, filters });
  const infos = await Promise.all(all.map((c) => engine.getContainer(c.Id).inspect()));
  return infos
    .map((i) => JSON.stringify([i.Id, i.Name, i.State.StartedAt, i.State.Pid, i.Config.Labels]))
    .toSorted()
    .join('\n');
};
const before = await state();
const told = sandbox.control.statusCalls().length;

const stage = await startStage({
  address,
  namespace: await freshNamespace(address),
  platform: client,
  runtime: docker({ host, timeoutMs: 120_000, hostOptions: { networkMode: 'none' }, pullConcurrency: 2 }),
  managerId: manager,
  period,
  schedules: false,
});
const query = `WorkflowType = 'connector' AND CadenzaPhase = 'running'`;
const took = await until(600_000, async () => (await stage.client.workflow.count(query)).count === n, 100);
await new Promise((resolve) => setTimeout(resolve, 2 * period));
print(`Adopting ${n} containers, period ${period / 1_000} s`, [
  ['until every one has its workflow', `${seconds(took)}, ${(took / period).toFixed(2)} periods`],
  ['restarted, replaced, renamed, relabelled', (await state()) === before ? 'none' : 'SOME'],
  ['status calls to the platform', String(sandbox.control.statusCalls().length - told)],
]);
await stage.stop();
await sandbox.close();
for (const { Id } of await engine.listContainers({ all: true, filters }))
  await engine.getContainer(Id).remove({ force: true, v: true });
process.exit(0);
