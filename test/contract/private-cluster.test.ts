import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { cacheFolder, inCache, root } from '../../tools/cache.ts';
import { type Cluster, startKubernetes } from '../../tools/kubernetes.ts';
import { mountsBelow } from '../../tools/mounts.ts';
import { alive, until } from '../../tools/processes.ts';
import { startRegistry } from '../../tools/registry.ts';

const cache = cacheFolder();
const { kubernetes, registry } = inCache(cache);
const here = process.getuid?.() === 0 && existsSync(kubernetes.bin) && existsSync(kubernetes.etcd);
const demo = 'localhost/demo-connector:1';

let dir: string;
beforeAll(() => {
  dir = mkdtempSync(join(tmpdir(), 'cadenza-cluster-'));
});
afterAll(() => rmSync(dir, { recursive: true, force: true }));

const mounts = (): readonly string[] => mountsBelow(dir, readFileSync('/proc/mounts', 'utf8'));

/** A process and all that it started, containers too. */
function family(pid: number): readonly number[] {
  const parents = readdirSync('/proc')
    .filter((p) => /^\d+$/.test(p))
    .flatMap((p) => {
      try {
        const stat = readFileSync(`/proc/${p}/stat`, 'utf8');
        return [[Number(p), Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1])] as const];
      } catch {
        return [];
      }
    });
  const below = (one: number): readonly number[] => [
    one,
    ...parents.flatMap(([p, of]) => (of === one ? below(p) : [])),
  ];
  return below(pid);
}

/** Control groups of containers by their ids, in any tree. */
const groupsOf = (ids: readonly string[]): readonly string[] =>
  readdirSync('/sys/fs/cgroup')
    .map((tree) => join('/sys/fs/cgroup', tree, 'k8s.io'))
    .concat('/sys/fs/cgroup/k8s.io')
    .flatMap((parent) => ids.map((id) => join(parent, id)).filter((group) => existsSync(group)));

interface Pod {
  readonly metadata: { readonly name: string };
  readonly status: {
    readonly phase: string;
    readonly podIP?: string;
    readonly containerStatuses?: readonly {
      readonly restartCount: number;
      readonly state: { readonly running?: object; readonly waiting?: { reason: string; message?: string } };
      readonly lastState: { readonly terminated?: { readonly exitCode: number } };
    }[];
  };
}

describe.runIf(here)('a cluster of our own', () => {
  let cluster: Cluster;
  beforeAll(async () => {
    cluster = await startKubernetes({ dir: join(dir, 'real'), cache });
  });
  afterAll(() => cluster.stop());

  async function deploy(name: string, container: object): Promise<void> {
    const labels = { app: name };
    const spec = { containers: [{ name, image: demo, imagePullPolicy: 'IfNotPresent', ...container }] };
    const { status, body } = await cluster.ask('/apis/apps/v1/namespaces/default/deployments', {
      metadata: { name },
      spec: { selector: { matchLabels: labels }, template: { metadata: { labels }, spec } },
    });
    expect(status, body).toBe(201);
  }
  async function podOf(name: string, is: (pod: Pod) => boolean): Promise<Pod> {
    let pod: Pod | undefined;
    await until(`the pod of ${name}`, 50_000, async () => {
      const { body } = await cluster.ask(`/api/v1/namespaces/default/pods?labelSelector=app%3D${name}`);
      pod = (JSON.parse(body) as { readonly items: readonly Pod[] }).items[0];
      return pod !== undefined && is(pod);
    });
    return pod as Pod;
  }
  const running = (pod: Pod): boolean => pod.status.containerStatuses?.[0]?.state.running !== undefined;
  const waits = (reason: string) => (pod: Pod) => pod.status.containerStatuses?.[0]?.state.waiting?.reason === reason;

  test("runs a Deployment's pod, and tells its logs", async () => {
    await deploy('lasting', { env: [{ name: 'CONNECTOR_NAME', value: 'lasting' }] });
    const pod = await podOf('lasting', running);
    const log = () => cluster.ask(`/api/v1/namespaces/default/pods/${pod.metadata.name}/log`);
    await until('its first line', 10_000, async () => (await log()).body.includes('connector lasting starting'));
    // Its link is in the cluster's own network: the machine knows no way to it.
    const bytes = pod.status.podIP?.split('.').map((b) => Number(b).toString(16).padStart(2, '0'));
    const known = bytes?.toReversed().join('').toUpperCase() ?? '';
    expect(known).toMatch(/^[0-9A-F]{8}$/);
    expect(readFileSync('/proc/net/route', 'utf8')).not.toContain(known);
  });

  test('a pod that crashes goes through CrashLoopBackOff, and its exit code is told', async () => {
    await deploy('crashing', { command: ['/bin/sh', '-c', 'echo bye; exit 3'] });
    const pod = await podOf('crashing', waits('CrashLoopBackOff'));
    expect(pod.status.containerStatuses?.[0]?.lastState.terminated?.exitCode).toBe(3);
    expect(pod.status.containerStatuses?.[0]?.restartCount).toBeGreaterThan(0);
    const { body } = await cluster.ask(
      `/api/v1/namespaces/default/pods/${pod.metadata.name}/log?previous=true&timestamps=false`,
    );
    expect(body).toBe('bye\n');
  });

  test.runIf(existsSync(registry))('pulls from a registry on loopback, or tells why not', async () => {
    const images = await startRegistry({ dir: join(dir, 'registry'), cache });
    try {
      await cluster.ctr('images', 'tag', demo, `${images.server}/demo:1`);
      await cluster.ctr('images', 'push', '--plain-http', `${images.server}/demo:1`);
      await deploy('pulled', { image: `${images.server}/demo:1`, imagePullPolicy: 'Always' });
      await deploy('absent', { image: `${images.server}/demo:2` });
      await podOf('pulled', running);
      await podOf('absent', waits('ImagePullBackOff'));
    } finally {
      await images.stop();
    }
  });

  test('mounts nothing where others see it, and leaves no process and no group when it stops', async () => {
    await podOf('lasting', running);
    const ids = (await cluster.ctr('tasks', 'list', '--quiet')).split('\n').filter(Boolean);
    const pids = family(cluster.pid);
    const commands = pids.map((p) => readFileSync(`/proc/${p}/cmdline`, 'utf8')).join('\n');
    for (const program of ['etcd', 'kube-apiserver', 'kubelet', 'containerd-shim', 'connector.sh'])
      expect(commands).toContain(program);
    expect(groupsOf(ids).length).toBeGreaterThan(0);
    expect(mounts()).toEqual([]);
    await cluster.stop();
    expect(pids.filter(alive)).toEqual([]);
    expect(groupsOf(ids)).toEqual([]);
    expect(readdirSync(join(dir, 'real')).filter((f) => !f.startsWith('cluster.log'))).toEqual(['log']);
  });
});

test.runIf(here)('a cluster without nodes leaves pods to others', async () => {
  const cluster = await startKubernetes({ dir: join(dir, 'none'), cache, nodes: 'none' });
  try {
    expect(JSON.parse((await cluster.ask('/api/v1/nodes')).body)).toMatchObject({ items: [] });
    expect((await cluster.ask('/version')).body).toContain('"v1.34.10"');
  } finally {
    await cluster.stop();
  }
});

describe.runIf(here)('kube:up', () => {
  const env = () => ({ ...process.env, CADENZA_HOME: join(dir, 'home'), CADENZA_CACHE: cache });
  const command = (name: string) => ['--import', 'tsx', join(root, 'tools', 'kube.ts'), name];
  const down = () => promisify(execFile)(process.execPath, command('down'), { env: env(), cwd: root });
  let child: ChildProcess | undefined;
  afterAll(() => child?.kill());

  async function up(): Promise<{ readonly said: string; readonly ended: Promise<number | null> }> {
    let said = '';
    child = spawn(process.execPath, command('up'), { env: env(), cwd: root, stdio: ['ignore', 'pipe', 'inherit'] });
    const ended = new Promise<number | null>((resolve) => child?.once('exit', resolve));
    child.stdout?.on('data', (d: Buffer) => (said += d));
    await until('the cluster', 60_000, () => said.includes('kube:down'), child.pid);
    return { said, ended };
  }

  test('ends with its process however that ends, comes again, and goes when told', async () => {
    const first = await up();
    const pids = family(child?.pid ?? 0);
    child?.kill('SIGKILL');
    await first.ended;
    await until('the end of all', 10_000, () => !pids.some(alive));
    expect(mounts()).toEqual([]);

    const second = await up();
    const file = /KUBECONFIG=(.*)/.exec(second.said)?.[1] ?? '';
    expect(readFileSync(file, 'utf8')).toContain('"current-context":"cadenza"');
    await expect(promisify(execFile)(process.execPath, command('up'), { env: env(), cwd: root })).rejects.toThrow(
      /a cluster runs already/,
    );
    expect((await down()).stdout).toBe('ended\n');
    expect(await second.ended).toBe(0);
    expect(existsSync(file)).toBe(false);
    expect((await down()).stdout).toBe('no cluster runs\n');
  });
});
