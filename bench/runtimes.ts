/**
 * Each runtime by itself: from nothing to all running against a plain sequential loop over the same runtime, and what an
 * idle fleet asks of it. `npx tsx bench/runtimes.ts [docker,portainer,swarm,kubernetes] [N=40] [rounds=2] [idle=60 s]`,
 * with TEMPORAL_ADDRESS and, for docker and portainer, DOCKER_HOST. Swarm and the cluster are the bench's own.
 */
import { randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { connectorLabel, managerLabel, platformLabel, specHashLabel } from '../model/labels.ts';
import { Problem } from '../model/errors.ts';
import type { Policy } from '../model/policy.ts';
import { docker } from '../runtimes/docker.ts';
import { kubernetes } from '../runtimes/kubernetes.ts';
import { portainer } from '../runtimes/portainer.ts';
import type { Runtime } from '../runtimes/runtime.ts';
import { swarm } from '../runtimes/swarm.ts';
import { startSandbox } from '../sandbox/server.ts';
import { startShim } from '../test/support/portainer-shim.ts';
import { startStage } from '../test/support/stage.ts';
import { cacheFolder } from '../tools/cache.ts';
import { startKubernetes } from '../tools/kubernetes.ts';
import { startSwarm } from '../tools/swarm.ts';
import { clientOf, demoImage, freshNamespace, print, quantile, seconds, service, until } from './support.ts';

const kinds = (process.argv[2] ?? 'docker,portainer,swarm,kubernetes').split(',');
const n = Number(process.argv[3] ?? 40);
const rounds = Number(process.argv[4] ?? 2);
const idleSeconds = Number(process.argv[5] ?? 60);
const address = service('TEMPORAL_ADDRESS');
const dir = mkdtempSync(join(tmpdir(), 'cadenza-bench-'));
const cache = cacheFolder();
const signal = () => AbortSignal.timeout(300_000);

interface Place {
  readonly runtime: () => Runtime;
  readonly image: string;
  readonly policy: Partial<Policy>;
  end(): Promise<void>;
}
const nothing = () => Promise.resolve();
const host = { networkMode: 'none' } as const;

const places: Readonly<Record<string, () => Promise<Place>>> = {
  docker: () =>
    Promise.resolve({
      runtime: () =>
        docker({
          host: service('DOCKER_HOST'),
          timeoutMs: 120_000,
          hostOptions: host,
          pullConcurrency: 2,
          stopTimeout: 1,
        }),
      image: demoImage,
      policy: {},
      end: nothing,
    }),
  portainer: async () => {
    const shim = await startShim({
      socket: service('DOCKER_HOST').replace('unix://', ''),
      key: 'bench',
      environmentId: '3',
    });
    return {
      runtime: () =>
        portainer({
          api: shim.url,
          apiKey: 'bench',
          environment: '3',
          environmentType: 'docker',
          apiVersion: 'v1.44',
          unsecuredCertificate: false,
          answerMs: 60_000,
          timeoutMs: 120_000,
          hostOptions: host,
          pullConcurrency: 2,
          stopTimeout: 1,
        }),
      image: demoImage,
      policy: {},
      end: () => shim.close(),
    };
  },
  swarm: async () => {
    const own = await startSwarm({ dir: join(dir, 'swarm'), cache, init: true });
    return {
      runtime: () =>
        swarm({
          host: own.host,
          timeoutMs: 60_000,
          startTimeout: 120_000,
          auth: () => undefined,
          service: { network: 'host', stopGracePeriod: 1e9, restartDelay: 2e9 },
        }),
      image: demoImage,
      policy: { renames: false },
      end: () => own.stop(),
    };
  },
  kubernetes: async () => {
    const cluster = await startKubernetes({ dir: join(dir, 'kube'), cache });
    return {
      runtime: () =>
        kubernetes({
          kubeconfig: cluster.kubeconfig,
          namespace: 'default',
          timeoutMs: 60_000,
          startTimeout: 300_000,
          pullPolicy: 'IfNotPresent',
          registry: { auth: () => undefined, suffix: '' },
        }),
      image: 'localhost/demo-connector:1',
      policy: { renames: false },
      end: () => cluster.stop(),
    };
  },
};

/** A kept connection may be closed by the other side just when it is used; Cadenza's steps are tried again as well. */
async function again<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof Problem) || error.type !== 'RuntimeUnavailable') throw error;
    return work();
  }
}

const runningOf = async (runtime: Runtime, manager: string): Promise<number> =>
  (await again(() => runtime.list([manager], signal()))).filter((o) => o.state === 'running').length;

async function clean(runtime: Runtime, manager: string): Promise<void> {
  const objects = await again(() => runtime.list([manager], signal()));
  for (let i = 0; i < objects.length; i += 4)
    await Promise.all(objects.slice(i, i + 4).map((o) => again(() => runtime.remove(o.ref, signal()))));
}

/** What a poll loop does: one after the other, by the same calls. */
async function sequential(place: Place): Promise<number> {
  const runtime = place.runtime();
  const manager = `seq-${randomUUID().slice(0, 8)}`;
  const begun = performance.now();
  for (let i = 0; i < n; i++) {
    const connectorId = randomUUID();
    await again(() => runtime.pull(place.image, 'missing', undefined, () => undefined, signal()));
    await again(() =>
      runtime.deploy(
        {
          connectorId,
          name: `${manager}-${i}`,
          image: place.image,
          env: [{ key: 'DEMO_LOG_INTERVAL', value: '60', sensitive: false }],
          labels: {
            [managerLabel]: manager,
            [connectorLabel]: connectorId,
            [platformLabel]: 'opencti',
            [specHashLabel]: 's',
          },
          contractHash: 'h',
          specHash: 's',
        },
        true,
        signal(),
      ),
    );
  }
  await until(300_000, async () => (await runningOf(runtime, manager)) === n, 250);
  const took = performance.now() - begun;
  await clean(runtime, manager);
  runtime.close();
  return took;
}

/** Counts what the worker asks of its runtime. */
function counted(runtime: Runtime, calls: Map<string, number>): Runtime {
  return new Proxy(runtime, {
    get(target, name) {
      const member: unknown = Reflect.get(target, name);
      if (typeof member !== 'function') return member;
      calls.set(String(name), (calls.get(String(name)) ?? 0) + 1);
      return member.bind(target) as unknown;
    },
  });
}

async function cadenza(place: Place, watch: boolean): Promise<{ readonly took: number; readonly idle: string }> {
  const manager = `bench-${randomUUID().slice(0, 8)}`;
  const sandbox = await startSandbox({ token: randomUUID() });
  for (let i = 0; i < n; i++)
    sandbox.control.add({
      name: `${manager}-${i}`,
      image: place.image,
      configuration: [{ key: 'DEMO_LOG_INTERVAL', value: '60' }],
      requested: 'starting',
    });
  const calls = new Map<string, number>();
  const [runtime, observer] = [place.runtime(), place.runtime()];
  const stage = await startStage({
    address,
    namespace: await freshNamespace(address),
    platform: clientOf(sandbox, manager),
    runtime: counted(runtime, calls),
    managerId: manager,
    period: 10_000,
    schedules: false,
    policy: place.policy,
  });
  const begun = performance.now();
  await until(300_000, async () => (await runningOf(observer, manager)) === n, 250);
  const took = performance.now() - begun;
  let idle = '';
  if (watch) {
    await until(120_000, () => sandbox.control.connectors().every((c) => c.current === 'started'), 250);
    await sleep(35_000);
    calls.clear();
    await sleep(idleSeconds * 1_000);
    idle = [...calls].map(([name, count]) => `${name} ${((count * 60) / idleSeconds).toFixed(0)}`).join(', ');
  }
  await stage.stop();
  for await (const { workflowId } of stage.client.workflow.list())
    await stage.client.workflow.getHandle(workflowId).terminate('the round is over');
  await sandbox.close();
  await clean(observer, manager);
  observer.close();
  return { took, idle };
}

for (const kind of kinds) {
  const make = places[kind];
  if (make === undefined) throw new Error(`${kind} is no runtime; there are ${Object.keys(places).join(', ')}`);
  const place = await make();
  const loops: number[] = [];
  const own: number[] = [];
  let idle = '';
  for (let i = 0; i < rounds; i++) {
    loops.push(await sequential(place));
    const round = await cadenza(place, i === rounds - 1);
    own.push(round.took);
    idle = round.idle;
  }
  const [loop, alone] = [quantile(loops, 0.5), quantile(own, 0.5)];
  print(`${kind}: ${n} connectors from nothing to running, ${rounds} rounds`, [
    ['sequential loop', `${seconds(loop)} (${loops.map(seconds).join(', ')})`],
    ['Cadenza', `${seconds(alone)} (${own.map(seconds).join(', ')})`],
    ['ratio of the medians', `${(loop / alone).toFixed(2)} times faster`],
    [`calls of the runtime a minute, ${n} idle`, idle || 'none'],
  ]);
  await place.end();
}
rmSync(dir, { recursive: true, force: true });
process.exit(0);
