import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, readdirSync, renameSync, rmSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { demoImageHash, inCache } from './cache.ts';
import { type Access, type Answer, ask, kubeconfigText } from './kubernetes/api.ts';
import { clear, data, identities, write } from './kubernetes/folder.ts';
import { demoImages, pauseImage, writeImage } from './kubernetes/images.ts';
import { firstBelow, runInside } from './kubernetes/namespaces.ts';
import { at, inside, nodeFiles, nodeName, programs } from './kubernetes/programs.ts';
import { script } from './kubernetes/script.ts';
import { port } from './ports.ts';
import { alive, start, until } from './processes.ts';

export interface Cluster {
  /** Path of the administrator's kubeconfig. */
  readonly kubeconfig: string;
  /** Holds the cluster together: it ends with all that is in it when this process does. */
  readonly pid: number;
  /** Path of containerd's socket as the cluster's own programs see it. */
  readonly containerd: string;
  /** Answer of the API server to the administrator. With `create`, an object, it is a POST. */
  ask(path: string, create?: object): Promise<Answer>;
  /** Runs containerd's client on the node's images and containers. Answers with its output. */
  ctr(...args: readonly string[]): Promise<string>;
  /** Brings an image onto the node, from a tar of its files that is not compressed. */
  importImage(image: {
    readonly names: readonly string[];
    readonly rootfs: string;
    readonly command: readonly string[];
  }): Promise<void>;
  stop(): Promise<void>;
}

/**
 * A new Kubernetes cluster of our own below `dir`, on loopback: `real` has one node that runs pods, with the demo image on
 * it; `none` has an API server and controllers only. Pods reach each other, but not the machine, nor the machine them,
 * unless they have its network. The kubelet's port asks nobody who he is: it is for machines whose users are trusted.
 * The cluster ends with the process that started it, at the latest.
 */
export async function startKubernetes(options: {
  readonly dir: string;
  readonly cache: string;
  readonly nodes?: 'real' | 'none';
  readonly log?: string;
  /** Hears the pid at once, before it is ready. */
  readonly spawned?: (pid: number) => void;
}): Promise<Cluster> {
  const { dir, cache } = options;
  const real = options.nodes !== 'none';
  const { kubernetes, engine } = inCache(cache);
  for (const needed of [join(kubernetes.bin, 'kubelet'), kubernetes.etcd, ...(real ? [kubernetes.cni, engine] : [])])
    if (!existsSync(needed)) throw new Error('Kubernetes was not built; run "node tools/setup.mjs kubernetes"');
  mkdirSync(dir, { recursive: true, mode: 0o700 });
  clear(dir);
  const ports = { peer: await port(0), api: await port(0), kubelet: await port(0) };
  const token = randomBytes(24).toString('base64url');
  write(dir, {
    ...identities(token),
    ...(real ? nodeFiles(ports.kubelet, kubernetes.cni) : {}),
    'cluster.sh': script(programs(kubernetes.bin, kubernetes.etcd, ports, real)),
  });
  if (real)
    for (const plugin of readdirSync(kubernetes.cni).filter((p) => p !== 'ptp'))
      symlinkSync(join(kubernetes.cni, plugin), join(dir, data, 'cni-bin', plugin));
  const log = options.log ?? join(dir, 'cluster.log');
  const path = [join(engine, 'usr', 'bin'), '/usr/sbin', '/usr/bin', '/sbin', '/bin'].join(':');
  const { pid } = start(
    'setpriv',
    [
      '--pdeathsig',
      'KILL',
      'unshare',
      '--mount',
      '--pid',
      '--fork',
      '--kill-child',
      '--mount-proc',
      'bash',
      join(dir, data, 'cluster.sh'),
      dir,
    ],
    { PATH: path, HOME: inside },
    log,
  );
  options.spawned?.(pid);
  const end = async (): Promise<void> => {
    const first = firstBelow(pid);
    for (const one of [first, pid]) if (one !== undefined && alive(one)) process.kill(one, 'SIGKILL');
    // The first process of a namespace is gone only when all others in it are, and their mounts.
    await until('the end of the cluster', 30_000, () => !(first !== undefined && alive(first)) && !alive(pid));
    clear(dir);
  };
  const ctr = (...args: readonly string[]): Promise<string> =>
    runInside(pid, ['ctr', '--address', at('containerd.sock'), '--namespace', 'k8s.io', ...args], path);
  const importImage: Cluster['importImage'] = async (image) => {
    const name = `image-${randomBytes(4).toString('hex')}.tar`;
    await writeImage(join(dir, data, name), image);
    await ctr('images', 'import', at(name));
    rmSync(join(dir, data, name));
  };
  try {
    const access = await apiServer(dir, ports.api, token, pid);
    if (real) await Promise.all([nodeReady(access, pid), ownImages(cache, ctr, importImage, pid)]);
    await until('the default account', 60_000, async () => (await found(access, account)) !== undefined, pid);
    return {
      kubeconfig: join(dir, data, 'kubeconfig'),
      pid,
      containerd: at('containerd.sock'),
      ask: (asked, create) => ask(access, asked, create),
      ctr,
      importImage,
      stop: end,
    };
  } catch (error) {
    await end();
    const said = existsSync(log) ? readFileSync(log, 'utf8').trim().split('\n').at(-1) : undefined;
    throw new Error(`${(error as Error).message}${said ? ` (${said})` : ''}; the logs are in ${join(dir, 'log')}`, {
      cause: error,
    });
  }
}

/** Waits for the API server, and lets those who need it begin by writing the kubeconfig. */
async function apiServer(dir: string, at: number, token: string, pid: number): Promise<Access> {
  const certificate = join(dir, data, 'pki', 'apiserver.crt');
  const access = (): Access => ({ port: at, ca: readFileSync(certificate, 'utf8'), token });
  const ready = async (): Promise<boolean> =>
    existsSync(certificate) && (await found(access(), '/readyz')) !== undefined;
  await until('the API server', 120_000, ready, pid);
  write(dir, { 'kubeconfig.new': kubeconfigText(access()) });
  renameSync(join(dir, data, 'kubeconfig.new'), join(dir, data, 'kubeconfig'));
  return access();
}

/** Without it no pod is let in. */
const account = '/api/v1/namespaces/default/serviceaccounts/default';

/** An object, or undefined as long as there is none, or no answer on a busy machine. */
async function found(access: Access, path: string): Promise<string | undefined> {
  const answer = await ask(access, path).catch(() => undefined);
  return answer?.status === 200 ? answer.body : undefined;
}

interface Conditions {
  readonly status?: { readonly conditions?: readonly { readonly type: string; readonly status: string }[] };
}

const nodeReady = (access: Access, pid: number): Promise<void> =>
  until(
    'the node',
    120_000,
    async () => {
      const body = await found(access, `/api/v1/nodes/${nodeName}`);
      const conditions = body === undefined ? [] : (JSON.parse(body) as Conditions).status?.conditions;
      return conditions?.some((c) => c.type === 'Ready' && c.status === 'True') ?? false;
    },
    pid,
  );

/** The pause image and the demo connector's, both of which are made from the packed demo image. */
async function ownImages(
  cache: string,
  ctr: Cluster['ctr'],
  importImage: Cluster['importImage'],
  pid: number,
): Promise<void> {
  const hash = demoImageHash();
  const packed = inCache(cache).demoImage.find((i) => i.hash === hash);
  if (packed === undefined) throw new Error('the demo image was not packed; run "node tools/setup.mjs kubernetes"');
  const answers = (): Promise<boolean> =>
    ctr('version').then(
      () => true,
      () => false,
    );
  await until('containerd', 60_000, answers, pid);
  const { tar: rootfs } = packed;
  await importImage({ names: [pauseImage], rootfs, command: ['/bin/sleep', '2147483647'] });
  await importImage({ names: demoImages, rootfs, command: ['/connector.sh'] });
}
