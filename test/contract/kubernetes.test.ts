import { randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe } from 'vitest';
import { type KubernetesOptions, kubernetes } from '../../runtimes/kubernetes.ts';
import { fromRef } from '../../runtimes/kubernetes/names.ts';
import { type Admin, adminOf, image, kubeconfig, until } from './kubernetes-support.ts';
import { runtimeContract } from './suite.ts';

const options = (file: string): KubernetesOptions => ({
  kubeconfig: file,
  timeoutMs: 30_000,
  startTimeout: 20_000,
  pullPolicy: 'IfNotPresent',
  base: { spec: { template: { spec: { terminationGracePeriodSeconds: 3 } } } },
  registry: { auth: () => undefined, suffix: '' },
});

/** Ends the connector's process until the kubelet waits before the next start, so that the end can be seen. */
async function crash(admin: Admin, name: string): Promise<void> {
  const state = async () => {
    const labels = (await admin.deployment(name)).spec?.selector.matchLabels ?? {};
    const selector = Object.entries(labels).map(([k, v]) => `${k}=${v}`);
    const [pod] = await admin.pods(selector.join(','));
    return pod?.status?.containerStatuses?.find((s) => s.name === name)?.state;
  };
  await until('a crash loop', async () => {
    const now = await state();
    // The first process of a container cannot be killed from within; without the one it waits for it gives up.
    if (now?.running !== undefined)
      await admin.exec(name, ['/bin/busybox', 'sh', '-c', 'kill -9 -1']).catch(() => undefined);
    return now?.waiting?.reason === 'CrashLoopBackOff';
  });
}

describe.runIf(kubeconfig !== '')('on a cluster', () => {
  // The whole suite runs as the account of deploy/kubernetes/rbac.yaml and no other.
  runtimeContract('Kubernetes', async () => {
    const dir = mkdtempSync(join(tmpdir(), 'cadenza-kubernetes-'));
    const admin = await adminOf(`suite-${randomUUID().slice(0, 8)}`);
    const { namespace, apps } = admin;
    const settled = (name: string) =>
      until(`${name} to settle`, async () => {
        const { metadata, status } = await admin.deployment(name);
        return status?.observedGeneration === metadata?.generation;
      });
    return {
      runtime: kubernetes(options(await admin.account(dir))),
      managerId: `suite-${randomUUID()}`,
      image,
      logs: true,
      inPlace: true,
      foreign: async (name) => {
        const labels = { app: name };
        const containers = [{ name: 'x', image }];
        await apps.createNamespacedDeployment({
          namespace,
          body: {
            metadata: { name },
            spec: {
              replicas: 0,
              selector: { matchLabels: labels },
              template: { metadata: { labels }, spec: { containers } },
            },
          },
        });
        await settled(name);
        return {
          state: async () => JSON.stringify(await admin.deployment(name)),
          remove: async () => void (await apps.deleteNamespacedDeployment({ name, namespace })),
        };
      },
      legacy: async (name, labels, hash) => {
        const env = [{ name: 'OPENCTI_CONFIG_HASH', value: hash }];
        await apps.createNamespacedDeployment({
          namespace,
          body: {
            metadata: { name, labels: { ...labels }, annotations: { OPENCTI_CONFIG_HASH: hash } },
            spec: {
              replicas: 1,
              selector: { matchLabels: { ...labels } },
              template: { metadata: { labels: { ...labels } }, spec: { containers: [{ name, image, env }] } },
            },
          },
        });
        await until('the pod', async () => (await admin.deployment(name)).status?.readyReplicas === 1);
        return `${name}/${(await admin.deployment(name)).metadata?.uid ?? ''}`;
      },
      kill: (ref) => crash(admin, fromRef(ref).name),
      refused: (s) => ({ ...s, env: [...s.env, { key: 'NO=NAME', value: '1', sensitive: false }] }),
      cleanUp: async () => {
        await admin.end();
        rmSync(dir, { recursive: true, force: true });
      },
    };
  });
});
