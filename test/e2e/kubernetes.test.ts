import { randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { kubernetes } from '../../runtimes/kubernetes.ts';
import { type Admin, adminOf, image, kubeconfig } from '../contract/kubernetes-support.ts';
import { type Ground, eventually, makeGround } from '../support/ground.ts';

const patience = 90_000;
const limit = 150_000;

/** Workflows on a real Temporal server, the sandbox as the platform, and pods of a real cluster. */
describe.runIf(kubeconfig !== '' && process.env['TEMPORAL_ADDRESS'] !== undefined)('Cadenza on Kubernetes', () => {
  let dir: string;
  let admin: Admin;
  let g: Ground;
  beforeAll(async () => {
    dir = mkdtempSync(join(tmpdir(), 'cadenza-kubernetes-'));
    admin = await adminOf(`e2e-${randomUUID().slice(0, 8)}`);
    const runtime = kubernetes({
      kubeconfig: await admin.account(dir),
      timeoutMs: 30_000,
      startTimeout: 8_000,
      pullPolicy: 'IfNotPresent',
      base: { spec: { template: { spec: { terminationGracePeriodSeconds: 2 } } } },
      registry: { auth: () => undefined, suffix: '' },
    });
    const policy = { renames: false, loopAction: 'flag', startTimeout: 8_000 } as const;
    g = await makeGround({ runtime, policy, period: 1_000 });
  });
  afterAll(async () => {
    await g.close();
    await admin.end();
    rmSync(dir, { recursive: true, force: true });
  });

  const add = (name: string, more: Readonly<Record<string, string>> = {}, of = image): string =>
    g.sandbox.control.add({
      name,
      image: of,
      requested: 'starting',
      configuration: Object.entries({ DEMO_LOG_INTERVAL: '1', ...more }).map(([key, value]) => ({ key, value })),
    }).id;
  const running = (name: string) =>
    eventually(async () => {
      expect((await admin.deployment(name)).status?.readyReplicas).toBe(1);
      expect(g.reported(name)).toBe('started');
    }, patience);
  const shown = async (id: string) => (await g.listed()).get(id);

  test(
    'a connector’s life: started, told, stopped, started, changed',
    async () => {
      const id = add('life');
      await running('life');
      // The platform is told first.
      await eventually(
        async () => expect(await shown(id)).toMatchObject({ runtime: 'kubernetes', phase: 'running' }),
        patience,
      );
      g.sandbox.control.stop('life');
      await eventually(() => expect(g.reported('life')).toBe('stopped'), patience);
      expect((await admin.deployment('life')).spec?.replicas).toBe(0);
      g.sandbox.control.start('life');
      await running('life');
      const before = (await admin.deployment('life')).metadata;
      g.sandbox.control.edit('life', { configuration: [{ key: 'DEMO_LOG_INTERVAL', value: '2' }] });
      await eventually(async () => {
        const { metadata, status } = await admin.deployment('life');
        expect(metadata?.annotations?.['OPENCTI_CONFIG_HASH']).not.toBe(before?.annotations?.['OPENCTI_CONFIG_HASH']);
        expect(metadata?.uid).toBe(before?.uid);
        expect(status?.readyReplicas).toBe(1);
      }, patience);
    },
    limit,
  );

  test(
    'an image that cannot be had leaves the connector as it was, and is explained',
    async () => {
      const id = add('image');
      await running('image');
      g.sandbox.control.edit('image', { image: 'localhost:1/nobody/has-this:1' });
      await eventually(async () => expect((await shown(id))?.lastError?.kind).toBe('SwapUndone'), patience);
      expect((await shown(id))?.lastError?.message).toMatch(/ErrImagePull|ImagePullBackOff/);
      await running('image');
      expect((await admin.deployment('image')).spec?.template.spec?.containers[0]?.image).toBe(image);
    },
    limit,
  );

  test(
    'a crash loop is left to the kubelet, flagged and told',
    async () => {
      const id = add('loop', { DEMO_CRASH_AFTER: '1' });
      await eventually(async () => {
        expect((await g.state(id)).memory.crashes).toBeGreaterThan(1);
        expect(g.reported('loop')).toBe('stopped');
      }, patience);
      expect((await admin.deployment('loop')).spec?.replicas).toBe(1);
      const restarts = (await admin.pods(`opencti-connector-id=${id}`))[0]?.status?.containerStatuses?.[0]
        ?.restartCount;
      expect((await g.state(id)).memory.crashes).toBeLessThanOrEqual((restarts ?? 0) + 1);
      g.sandbox.control.stop('loop');
      await eventually(async () => expect((await admin.deployment('loop')).spec?.replicas).toBe(0), patience);
    },
    limit,
  );

  test(
    'a Deployment that is deleted by hand comes back',
    async () => {
      add('gone');
      await running('gone');
      const { metadata } = await admin.deployment('gone');
      await admin.apps.deleteNamespacedDeployment({ name: 'gone', namespace: admin.namespace });
      await eventually(async () => {
        const now = await admin.deployment('gone');
        expect(now.metadata?.uid).not.toBe(metadata?.uid);
        expect(now.status?.readyReplicas).toBe(1);
      }, patience);
    },
    limit,
  );

  test(
    'a pod that is deleted by hand is replaced by the cluster, which is no crash',
    async () => {
      const id = add('pod');
      await running('pod');
      const uid = async () => (await admin.pods(`opencti-connector-id=${id}`))[0]?.metadata?.uid;
      const [pod] = await admin.pods(`opencti-connector-id=${id}`);
      await admin.core.deleteNamespacedPod({ name: pod?.metadata?.name ?? '', namespace: admin.namespace });
      await eventually(async () => expect([undefined, pod?.metadata?.uid]).not.toContain(await uid()), patience);
      await running('pod');
      await g.polls(2);
      expect((await g.state(id)).memory.crashes).toBe(0);
      await eventually(async () => expect(await shown(id)).toMatchObject({ phase: 'running' }), patience);
    },
    limit,
  );

  // The last one: of a platform that lists nothing at all, nothing would be removed.
  test(
    'a connector the platform forgets is removed, with its Secret',
    async () => {
      const id = add('forgotten');
      await running('forgotten');
      g.sandbox.control.remove('forgotten');
      await eventually(async () => {
        await g.polls(2);
        await g.sweep();
        const left = await admin.core.listNamespacedSecret({
          namespace: admin.namespace,
          labelSelector: `opencti-connector-id=${id}`,
        });
        expect(left.items).toHaveLength(0);
        await expect(admin.deployment('forgotten')).rejects.toMatchObject({ code: 404 });
      }, patience);
    },
    limit,
  );
});
