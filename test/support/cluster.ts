import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { cacheFolder } from '../../tools/cache.ts';
import { startKubernetes } from '../../tools/kubernetes.ts';

/** Tiers with tests on Kubernetes. */
const tiers: readonly string[] = ['contract', 'e2e'];

/** Its programs take minutes to build, so a machine without them, CI's included, is only told what it skips. */
const strict = (): boolean => process.env['REQUIRE_KUBERNETES'] === '1';

let running: Promise<() => Promise<void>> | undefined;

/**
 * One cluster for the whole run, when a tier asks that has tests for it: the one of CADENZA_KUBECONFIG, which is left as
 * it is, else one of our own, which sets that variable. Answers with what ends it.
 */
export function clusterFor(tier: string): Promise<() => Promise<void>> {
  if (!tiers.includes(tier)) return Promise.resolve(() => Promise.resolve());
  running ??= start();
  return running;
}

async function start(): Promise<() => Promise<void>> {
  if (process.env['CADENZA_KUBECONFIG']) return () => Promise.resolve();
  const dir = mkdtempSync(join(tmpdir(), 'cadenza-kube-'));
  try {
    const cluster = await startKubernetes({ dir, cache: cacheFolder() });
    process.env['CADENZA_KUBECONFIG'] = cluster.kubeconfig;
    return async () => {
      await cluster.stop();
      rmSync(dir, { recursive: true, force: true });
    };
  } catch (error) {
    if (strict()) throw error;
    rmSync(dir, { recursive: true, force: true });
    const why = error instanceof Error ? error.message : '';
    process.stdout.write(`KUBERNETES is missing, its tests are skipped: ${why}\n`);
    return () => Promise.resolve();
  }
}
