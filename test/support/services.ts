import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { DefaultLogger, bundleWorkflowCode } from '@temporalio/worker';
import type { TestProject } from 'vitest/node';
import { cacheFolder, inCache } from '../../tools/cache.ts';
import { existingEngine, startEngine } from '../../tools/engine.ts';
import { importDemoImage } from '../../tools/image.ts';
import { port } from '../../tools/ports.ts';
import { startTemporal } from '../../tools/temporal.ts';
import { clusterFor } from './cluster.ts';

/**
 * Vitest's global set-up of every tier that needs services: one Temporal server, one engine and one Kubernetes cluster for
 * the whole run, however many tiers ask. Tests look at TEMPORAL_ADDRESS, DOCKER_HOST and CADENZA_KUBECONFIG only.
 */
let users = 0;
let running: Promise<() => Promise<void>> | undefined;

let ends: readonly (() => Promise<void>)[] = [];

export default async function setup({ name }: TestProject): Promise<() => Promise<void>> {
  users += 1;
  running ??= startAll();
  // Both to their end, so that what one has started is ended when the other fails.
  const begun = await Promise.allSettled([running, clusterFor(name)]);
  ends = [...new Set([...ends, ...begun.flatMap((b) => (b.status === 'fulfilled' ? [b.value] : []))])];
  const done = async (): Promise<void> => {
    users -= 1;
    if (users === 0) for (const end of ends) await end();
  };
  const failed = begun.find((b) => b.status === 'rejected');
  if (failed === undefined) return done;
  await done();
  throw failed.reason;
}

/** The workflows, bundled once for all tests: each stage would need two seconds for it. */
async function bundled(dir: string): Promise<string> {
  const quiet = new DefaultLogger('ERROR');
  const workflowsPath = fileURLToPath(new URL('../../workflows/index.ts', import.meta.url));
  const { code } = await bundleWorkflowCode({ workflowsPath, preloadModules: [workflowsPath], logger: quiet });
  const path = join(dir, 'workflow-bundle.js');
  writeFileSync(path, code);
  return path;
}

const strict = (name: string): boolean => process.env['CI'] === 'true' || process.env[`REQUIRE_${name}`] === '1';

async function startAll(): Promise<() => Promise<void>> {
  const dir = mkdtempSync(join(tmpdir(), 'cadenza-test-'));
  const cache = cacheFolder();
  const ends: (() => Promise<void>)[] = [];
  const attempt = async (name: string, work: () => Promise<void>): Promise<void> => {
    try {
      await work();
    } catch (error) {
      if (strict(name)) throw error;
      process.stdout.write(
        `${name} is missing, its tests are skipped: ${error instanceof Error ? error.message : ''}\n`,
      );
    }
  };
  await attempt('TEMPORAL', async () => {
    if (process.env['TEMPORAL_ADDRESS']) return;
    const cli = inCache(cache).temporal;
    if (!existsSync(cli)) throw new Error('run "node tools/setup.mjs test"');
    const server = await startTemporal({ cli, dir: join(dir, 'temporal'), port: await port(0), uiPort: await port(0) });
    ends.push(() => server.stop());
    process.env['TEMPORAL_ADDRESS'] = server.address;
  });
  process.env['CADENZA_TEST_BUNDLE'] = await bundled(dir);
  await attempt('DOCKER', async () => {
    let host =
      process.env['CI'] === 'true' && !process.env['DOCKER_HOST'] ? undefined : await existingEngine(process.env);
    if (host === undefined) {
      const engine = await startEngine({ dir: join(dir, 'engine'), cache });
      ends.push(() => engine.stop());
      host = engine.host;
    }
    await importDemoImage(host, cache);
    process.env['DOCKER_HOST'] = host;
  });
  return async () => {
    for (const end of ends.toReversed()) await end();
    rmSync(dir, { recursive: true, force: true });
  };
}
