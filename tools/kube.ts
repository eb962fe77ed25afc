import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { cacheFolder, root } from './cache.ts';
import { startKubernetes } from './kubernetes.ts';
import { demoImages } from './kubernetes/images.ts';
import { alive, startTime, until } from './processes.ts';

/**
 * `npm run kube:up` and `npm run kube:down`: a Kubernetes cluster for people, below CADENZA_HOME. It is a new one at each
 * start, and ends with Ctrl-C or kube:down.
 */
const dir = join(process.env['CADENZA_HOME'] || join(root, '.cadenza'), 'kubernetes');
const file = join(dir, 'state.json');

interface State {
  readonly pid: number;
  /** With the pid it names one process for good. */
  readonly start: string;
}

function running(): State | undefined {
  try {
    const state = JSON.parse(readFileSync(file, 'utf8')) as State;
    return startTime(state.pid) === state.start ? state : undefined;
  } catch {
    return undefined;
  }
}

async function up(): Promise<void> {
  const other = running();
  if (other !== undefined) return fail(`a cluster runs already (process ${other.pid}); npm run kube:down ends it`);
  mkdirSync(dir, { recursive: true, mode: 0o700 });
  writeFileSync(file, JSON.stringify({ pid: process.pid, start: startTime(process.pid) }));
  const begun = Date.now();
  // Whatever comes while it starts is obeyed when it has started.
  const asked = new Promise<void>((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => resolve());
  });
  try {
    const cluster = await startKubernetes({ dir, cache: cacheFolder() });
    say(`Kubernetes is ready, after ${((Date.now() - begun) / 1000).toFixed(1)} s

  export KUBECONFIG=${cluster.kubeconfig}

  Images on the node  ${demoImages.join(', ')}
  Logs                ${join(dir, 'log')}

Ctrl-C, or npm run kube:down, ends it and all that runs on it.`);
    let ended = false;
    await Promise.race([asked, until('its end', Number.MAX_SAFE_INTEGER, () => (ended = !alive(cluster.pid)))]);
    if (ended) fail(`the cluster ended by itself; see ${join(dir, 'cluster.log')}`);
    await cluster.stop();
  } finally {
    rmSync(file, { force: true });
  }
}

async function down(): Promise<void> {
  const state = running();
  if (state === undefined) return say('no cluster runs');
  process.kill(state.pid, 'SIGTERM');
  await until('the end of the cluster', 60_000, () => running() === undefined);
  say('ended');
}

const say = (text: string): void => void process.stdout.write(`${text}\n`);

function fail(text: string): void {
  process.stderr.write(`${text}\n`);
  process.exitCode = 1;
}

const commands: Readonly<Record<string, () => Promise<void>>> = { up, down };
const command = commands[process.argv[2] ?? ''];
if (command === undefined) fail('usage: npm run kube:up, npm run kube:down');
else
  try {
    await command();
  } catch (error) {
    fail((error as Error).message);
  }
// What waits for the cluster's end would keep the process.
process.exit();
