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

async function setup() {
  const steps = [
    ['npm packages', () => installPackages(root)],
    ['build', async () => (await import('./build.mjs')).build()],
    ['Temporal', () => temporalCli(cache, versions.temporal, process.env)],
    ['Docker engine', engine],
    ['demo image', () => demoImage(cache, root, [packages, busybox])],
  ];
  if (purpose === 'test')
    steps.push([
      'image registry for the tests',
      () => unpackDebian(cache, versions.registry.packages, 'docker-registry'),
    ]);
  for (const [index, [title, work]] of steps.entries()) await step(index + 1, steps.length, title, work, ci);
}

if (!['start', 'test'].includes(purpose)) {
  process.stderr.write('usage: node tools/setup.mjs [start|test]\n');
  process.exit(2);
}
try {
  mkdirSync(cache, { recursive: true });
  say(`Setting up Cadenza; downloads are kept in ${cache}`);
  await locked(join(cache, 'setup.lock'), setup, (pid) => say(`Waiting for another set-up (process ${pid})`));
  say(`Set up in ${elapsed()} s`);
} catch (error) {
  say(error instanceof Missing ? `\n${error.message}` : `\nThe set-up failed: ${error.message}`);
  process.exitCode = 1;
}
