/**
 * A fleet as Deployments on a cluster whose nodes are played by kwok: how long until all run, and what the worker asks
 * of the API server and how its memory moves while nothing happens.
 * `node tools/setup.mjs kwok && npx tsx --expose-gc bench/kubernetes.ts [N=500] [minutes=3]`, with TEMPORAL_ADDRESS.
 */
import { randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { kubernetes } from '../runtimes/kubernetes.ts';
import { startSandbox } from '../sandbox/server.ts';
import { startStage } from '../test/support/stage.ts';
import { cacheFolder, inCache } from '../tools/cache.ts';
import { startKubernetes } from '../tools/kubernetes.ts';
import { start } from '../tools/processes.ts';
import { clientOf, freshNamespace, print, seconds, service, until } from './support.ts';

const n = Number(process.argv[2] ?? 500);
const minutes = Number(process.argv[3] ?? 3);
const address = service('TEMPORAL_ADDRESS');
const dir = mkdtempSync(join(tmpdir(), 'cadenza-bench-'));
const cache = cacheFolder();
const cluster = await startKubernetes({ dir: join(dir, 'kube'), cache, nodes: 'none' });

/** Nodes of 110 pods each, and the program that plays their kubelets. */
const kwok = start(
  inCache(cache).kubernetes.kwok,
  ['--kubeconfig', cluster.kubeconfig, '--manage-all-nodes=true'],
  { PATH: process.env['PATH'] ?? '', HOME: dir },
  join(dir, 'kwok.log'),
);
for (let i = 0; i < Math.ceil(n / 100); i++)
  await cluster.ask('/api/v1/nodes', {
    apiVersion: 'v1',
    kind: 'Node',
    metadata: { name: `fake-${i}`, labels: { 'kubernetes.io/os': 'linux' } },
    status: {
      allocatable: { cpu: '64', memory: '256Gi', pods: '110' },
      capacity: { cpu: '64', memory: '256Gi', pods: '110' },
    },
  });

const sandbox = await startSandbox({ token: randomUUID() });
const manager = `bench-${randomUUID().slice(0, 8)}`;
for (let i = 0; i < n; i++)
  sandbox.control.add({ name: `${manager}-${i}`, image: 'cadenza/demo-connector:1', requested: 'starting' });

/** Requests the API server has answered so far, of the resources a worker uses, by verb and resource. */
async function requests(): Promise<ReadonlyMap<string, number>> {
  const { body } = await cluster.ask('/metrics');
  const counts = new Map<string, number>();
  for (const line of body.split('\n')) {
    if (!line.startsWith('apiserver_request_total{')) continue;
    const of = (name: string) => new RegExp(`[{,]${name}="([^"]*)"`).exec(line)?.[1] ?? '';
    if (!['deployments', 'replicasets', 'pods', 'secrets', 'events'].includes(of('resource'))) continue;
    const key = `${of('verb')} ${of('resource')}`;
    counts.set(key, (counts.get(key) ?? 0) + Number(line.slice(line.lastIndexOf(' ') + 1)));
  }
  return counts;
}

const since = (before: ReadonlyMap<string, number>, after: ReadonlyMap<string, number>): string =>
  [...after]
    .map(([key, value]) => [key, value - (before.get(key) ?? 0)] as const)
    .filter(([, count]) => count > 0)
    .map(([key, count]) => `${key} ${(count / minutes).toFixed(1)}`)
    .join(', ') || 'none';

const memory = (): number => {
  globalThis.gc?.();
  globalThis.gc?.();
  return process.memoryUsage().heapUsed / 2 ** 20;
};

/** What the cluster does by itself, beside which ours is seen. */
const quiet = await requests();
await sleep(minutes * 60_000);
const alone = since(quiet, await requests());

const begun = performance.now();
const stage = await startStage({
  address,
  namespace: await freshNamespace(address),
  platform: clientOf(sandbox, manager),
  runtime: kubernetes({
    kubeconfig: cluster.kubeconfig,
    namespace: 'default',
    timeoutMs: 30_000,
    startTimeout: 300_000,
    pullPolicy: 'IfNotPresent',
    registry: { auth: () => undefined, suffix: '' },
  }),
  managerId: manager,
  period: 10_000,
  schedules: false,
});
const running = () => sandbox.control.connectors().filter((c) => c.current === 'started').length;
await until(1_800_000, () => running() === n, 500);
const took = performance.now() - begun;
await sleep(60_000);
const heap = [memory()];
const before = await requests();
for (let i = 0; i < minutes; i++) {
  await sleep(60_000);
  heap.push(memory());
}
const idle = since(before, await requests());
print(`${n} connectors on Kubernetes`, [
  ['from nothing to all told as started', seconds(took)],
  ['requests a minute without a worker', alone],
  [`requests a minute, ${n} idle connectors`, idle],
  ['heap after each idle minute', heap.map((mb) => `${mb.toFixed(0)} MB`).join(', ')],
]);
await stage.stop();
await sandbox.close();
process.kill(kwok.pid, 'SIGTERM');
await cluster.stop();
rmSync(dir, { recursive: true, force: true });
process.exit(0);
