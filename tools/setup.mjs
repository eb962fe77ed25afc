/**
 * Everything a fresh machine needs before `npm start` or `npm test`. Plain Node without packages; each step is cached by
 * version and hash and does nothing when there is nothing to do.
 */
import { mkdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { cacheFolder, locked } from './setup/cache.mjs';
import { answeringEngine, demoImage, unpackDebian } from './setup/engine.mjs';
import { installPackages } from './setup/packages.mjs';
import { Missing, elapsed, say, step } from './setup/report.mjs';
import { temporalCli } from './setup/temporal.mjs';

const purpose = process.argv[2] ?? 'start';
const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const cache = cacheFolder();
const versions = JSON.parse(readFileSync(join(root, 'tools', 'versions.json'), 'utf8'));
const { packages } = versions.engine;

async function setup() {
  const steps = [
    ['npm packages', () => installPackages(root)],
    ['build', async () => (await import('./build.mjs')).build()],
    ['Temporal', () => temporalCli(cache, versions.temporal, process.env)],
    [
      'Docker engine',
      async () => {
        const host = purpose === 'test' && process.env.CI ? undefined : await answeringEngine();
        if (host !== undefined) {
          await unpackDebian(cache, ['busybox-static'], 'busybox').catch(() => undefined);
          return `${host} answers`;
        }
        return unpackDebian(cache, packages, 'Docker Engine');
      },
    ],
    ['demo image', () => demoImage(cache, root, packages)],
    ...(purpose === 'test'
      ? [['image registry for the tests', () => unpackDebian(cache, versions.registry.packages, 'docker-registry')]]
      : []),
  ];
  for (const [index, [title, work]] of steps.entries()) await step(index + 1, steps.length, title, work);
}

try {
  mkdirSync(cache, { recursive: true });
  say(`Setting up Cadenza; downloads are kept in ${cache}`);
  await locked(join(cache, 'setup.lock'), setup);
  say(`Set up in ${elapsed()} s`);
} catch (error) {
  say(error instanceof Missing ? `\n${error.message}` : `\nThe set-up failed: ${error.message}`);
  process.exitCode = 1;
}
