/**
 * Everything a fresh machine needs before `npm start` or `npm test`. Plain Node without packages; each step is cached by
 * version and hash and does nothing when there is nothing to do. What cannot be had on this machine is said in one line
 * and goes without: whether it is needed is known only when the configuration is read.
 */
import { mkdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { cacheFolder, locked } from './setup/cache.mjs';
import { demoImage, unpackDebian } from './setup/engine.mjs';
import { answeringEngine } from './setup/host.mjs';
import { kubernetesPrograms, noCluster } from './setup/kubernetes.mjs';
import { installPackages } from './setup/packages.mjs';
import { Missing, elapsed, say, step } from './setup/report.mjs';
import { temporalCli } from './setup/temporal.mjs';

const purpose = process.argv[2] ?? 'start';
const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const cache = cacheFolder();
const versions = JSON.parse(readFileSync(join(root, 'tools', 'versions.json'), 'utf8'));
const { packages } = versions.engine;
const busybox = ['busybox-static'];
/** CI tests everything on a private engine and takes nothing missing. */
const ci = purpose === 'test' && process.env.CI === 'true';

async function engine() {
  const host = ci && !process.env.DOCKER_HOST ? undefined : await answeringEngine();
  if (host === undefined) {
    if (process.env.DOCKER_HOST)
      throw new Missing(`no Docker engine answers at ${process.env.DOCKER_HOST}: start it, or unset DOCKER_HOST`);
    return unpackDebian(cache, packages, 'Docker Engine');
  }
  await unpackDebian(cache, busybox, 'busybox').catch(() => undefined);
  return `${host} answers`;
}

/** What a node of Kubernetes needs besides its own programs: containerd and runc come with the engine's packages. */
async function nodePackages() {
  if (process.env.CADENZA_KUBECONFIG) return 'not needed, CADENZA_KUBECONFIG is set';
  const missing = noCluster();
  if (missing !== undefined) throw new Missing(missing);
  await unpackDebian(cache, packages, 'containerd');
  return unpackDebian(cache, versions.kubernetes.packages, 'containernetworking-plugins');
}

/** Everybody's modules but one: fake nodes are for benches, and cost another build. */
function modules() {
  const { kwok, ...cluster } = versions.kubernetes.modules;
  return purpose === 'kwok' ? { ...cluster, kwok } : cluster;
}

const base = [
  ['npm packages', () => installPackages(root)],
  ['build', async () => (await import('./build.mjs')).build()],
  ['Temporal', () => temporalCli(cache, versions.temporal, process.env)],
  ['Docker engine', engine],
  ['demo image', () => demoImage(cache, root, [packages, busybox])],
];
const registry = [
  'image registry for the tests',
  () => unpackDebian(cache, versions.registry.packages, 'docker-registry'),
];
/** Everything else can be had without a cluster. */
const required = purpose !== 'test' || process.env.REQUIRE_KUBERNETES === '1';
const node = ['Kubernetes node', nodePackages, required];
const cluster = [base[0], node, base[4]];
/** Under a lock of its own: it takes minutes, and `npm start` need not wait for it. */
const builds = [
  'Kubernetes',
  () => locked(join(cache, 'kubernetes.lock'), () => kubernetesPrograms(cache, root, modules(), process.env), waiting),
  required,
];
const purposes = {
  start: { steps: base, last: [] },
  test: { steps: [...base, registry, node], last: [builds] },
  kubernetes: { steps: cluster, last: [builds] },
  kwok: { steps: cluster, last: [builds] },
};

const waiting = (pid) => say(`waiting for another set-up (process ${pid})`);

async function setup({ steps, last }) {
  const total = steps.length + last.length;
  const all = async (some, from) => {
    for (const [index, [title, work, strict = ci]] of some.entries())
      await step(from + index + 1, total, title, work, strict);
  };
  await locked(join(cache, 'setup.lock'), () => all(steps, 0), waiting);
  await all(last, steps.length);
}

if (!Object.hasOwn(purposes, purpose)) {
  process.stderr.write(`usage: node tools/setup.mjs [${Object.keys(purposes).join('|')}]\n`);
  process.exit(2);
}
try {
  mkdirSync(cache, { recursive: true });
  say(`Setting up Cadenza; downloads are kept in ${cache}`);
  await setup(purposes[purpose]);
  say(`Set up in ${elapsed()} s`);
} catch (error) {
  say(error instanceof Missing ? `\n${error.message}` : `\nThe set-up failed: ${error.message}`);
  process.exitCode = 1;
}
