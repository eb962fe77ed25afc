import { randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { RuntimeObject } from '../../model/connector.ts';
import { type KubernetesOptions, kubernetes } from '../../runtimes/kubernetes.ts';
import type { Runtime, Spec } from '../../runtimes/runtime.ts';
import { type Admin, adminOf, image, kubeconfig, until } from './kubernetes-support.ts';

const signal = (ms = 120_000): AbortSignal => AbortSignal.timeout(ms);
const missing = 'localhost:1/nobody/has-this:1';

describe.runIf(kubeconfig !== '')('Kubernetes alone', () => {
  let dir: string;
  const managerId = `alone-${randomUUID()}`;
  let admin: Admin;
  let account: string;
  let runtime: Runtime;
  const made: Runtime[] = [];
  const runtimeWith = (changes: Partial<KubernetesOptions> = {}): Runtime => {
    const options: KubernetesOptions = {
      kubeconfig: account,
      timeoutMs: 30_000,
      startTimeout: 6_000,
      pullPolicy: 'IfNotPresent',
      base: { spec: { template: { spec: { terminationGracePeriodSeconds: 2 } } } },
      registry: { auth: () => undefined, suffix: '' },
      ...changes,
    };
    const one = kubernetes(options);
    made.push(one);
    return one;
  };
  beforeAll(async () => {
    dir = mkdtempSync(join(tmpdir(), 'cadenza-kubernetes-'));
    admin = await adminOf(`alone-${randomUUID().slice(0, 8)}`);
    account = await admin.account(dir);
    runtime = runtimeWith();
  });
  afterAll(async () => {
    for (const one of made) one.close();
    await admin.end();
    rmSync(dir, { recursive: true, force: true });
  });

  const spec = (name: string, changes: Partial<Spec> = {}, env: Readonly<Record<string, string>> = {}): Spec => {
    const connectorId = changes.connectorId ?? randomUUID();
    const contractHash = changes.contractHash ?? 'h1';
    return {
      connectorId,
      name,
      image,
      env: [
        { key: 'CONNECTOR_ID', value: connectorId, sensitive: false },
        { key: 'DEMO_LOG_INTERVAL', value: '1', sensitive: false },
        { key: 'API_TOKEN', value: `s3cret-${contractHash}`, sensitive: true },
        { key: 'OPENCTI_CONFIG_HASH', value: contractHash, sensitive: false },
        ...Object.entries(env).map(([key, value]) => ({ key, value, sensitive: false })),
      ],
      labels: {
        'opencti-manager': managerId,
        'opencti-connector-id': connectorId,
        'opencti-platform': 'opencti',
        'cadenza-spec-hash': 's1',
      },
      contractHash,
      specHash: 's1',
      ...changes,
    };
  };
  const next = (s: Spec, changes: Partial<Spec> = {}): Spec =>
    spec(s.name, { connectorId: s.connectorId, contractHash: 'h2', ...changes });
  const find = (s: Spec, on = runtime): Promise<readonly RuntimeObject[]> =>
    on.find({ connectorId: s.connectorId, variableId: s.connectorId, names: [s.name] }, signal());
  const only = async (s: Spec, on = runtime): Promise<RuntimeObject> => {
    const found = await find(s, on);
    expect(found).toHaveLength(1);
    return found[0] as RuntimeObject;
  };
  const problemOf = (work: Promise<unknown>): Promise<{ type: string; message: string }> =>
    work.then(
      () => ({ type: 'no error', message: '' }),
      (error: unknown) => error as { type: string; message: string },
    );
  const secretsOf = async (s: Spec) =>
    (
      await admin.core.listNamespacedSecret({
        namespace: admin.namespace,
        labelSelector: `opencti-connector-id=${s.connectorId}`,
      })
    ).items;

  test('values that are secret are in a Secret of the Deployment, which goes with it', async () => {
    const s = spec('secrets');
    await runtime.deploy(s, true, signal());
    const d = await admin.deployment(s.name);
    expect(JSON.stringify(d)).not.toContain('s3cret');
    const [first] = await secretsOf(s);
    expect(first?.metadata?.ownerReferences).toMatchObject([{ kind: 'Deployment', uid: d.metadata?.uid }]);
    expect(d.spec?.strategy).toEqual({ type: 'Recreate' });
    await runtime.refresh(next(s), (await only(s)).ref, true, signal());
    const after = await secretsOf(s);
    expect(after).toHaveLength(1);
    expect(after[0]?.metadata?.name).not.toBe(first?.metadata?.name);
    await runtime.remove((await only(s)).ref, signal());
    await until('the Secret to go', async () => (await secretsOf(s)).length === 0);
  });

  test('an image that cannot be had: the old template is back, and runs', async () => {
    const s = spec('bad-image');
    await runtime.deploy(s, true, signal());
    const { ref } = await only(s);
    const problem = await problemOf(runtime.refresh(next(s, { image: missing }), ref, true, signal()));
    expect(problem).toMatchObject({ type: 'SwapUndone' });
    expect(problem.message).toMatch(/ImagePull|ErrImage/);
    expect(await only(s)).toMatchObject({ ref, state: 'running', contractHash: 'h1', specHash: 's1', image });
    // And a good one goes through afterwards.
    await runtime.refresh(next(s), ref, true, signal());
    expect(await only(s)).toMatchObject({ ref, state: 'running', contractHash: 'h2' });
  });

  test('a replacement that is interrupted is seen as not made, and is taken up where it was', async () => {
    const s = spec('cut');
    await runtime.deploy(s, true, signal());
    const { ref } = await only(s);
    const stop = new AbortController();
    const wanted = next(s, { image: missing });
    const cut = problemOf(runtimeWith({ startTimeout: 60_000 }).refresh(wanted, ref, true, stop.signal));
    await until('the new template', async () => {
      const o = await only(s);
      return o.image === missing && o.state === 'failed';
    });
    stop.abort(new Error('the worker stops'));
    expect((await cut).message).toBe('the worker stops');
    expect(await only(s)).toMatchObject({ contractHash: 'h1', state: 'failed', retried: true });
    // Nobody remembers the old template but its ReplicaSet.
    expect(await problemOf(runtime.refresh(wanted, ref, true, signal()))).toMatchObject({ type: 'SwapUndone' });
    expect(await only(s)).toMatchObject({ ref, state: 'running', contractHash: 'h1', image });
  });

  test('an operator’s redeploy makes a new pod of an unchanged template', async () => {
    const s = spec('again');
    await runtime.deploy(s, true, signal());
    const before = await only(s);
    await runtime.refresh(s, before.ref, true, signal());
    const after = await only(s);
    expect(after).toMatchObject({ ref: before.ref, state: 'running', contractHash: 'h1' });
    expect(after.startedAt).not.toBe(before.startedAt);
  });

  test('a first image that cannot be had is told, and left to the kubelet', async () => {
    const s = spec('no-image', { image: missing });
    expect(await problemOf(runtime.deploy(s, true, signal()))).toMatchObject({ type: 'ImagePull' });
    const o = await only(s);
    expect(o).toMatchObject({ state: 'failed', retried: true });
    expect(o.reason).toMatch(/ErrImagePull|ImagePullBackOff/);
    await runtime.stop(o.ref, false, signal());
    expect(await only(s)).toMatchObject({ state: 'down' });
  });

  test('a pod for which there is no place is not started, and says why', async () => {
    const base = { spec: { template: { spec: { nodeSelector: { nobody: 'has-this' } } } } };
    const s = spec('no-place');
    const there = runtimeWith({ base });
    const stop = new AbortController();
    const waiting = problemOf(there.deploy(s, true, stop.signal));
    await until('the scheduler', async () => (await find(s))[0]?.reason?.includes('Unschedulable') === true);
    expect(await only(s)).toMatchObject({ state: 'transitional', retried: true });
    stop.abort(new Error('enough'));
    await waiting;
    await runtime.remove((await only(s)).ref, signal());
  });

  test('each end of a crash loop is counted once, and its last words are kept', async () => {
    const s = spec('crashes', {}, { DEMO_CRASH_AFTER: '1', DEMO_EXIT_CODE: '3' });
    await runtime.deploy(s, true, signal());
    await until('two ends', async () => (await only(s)).runtimeRestarts >= 2);
    const o = await only(s);
    expect(o).toMatchObject({ exitCode: 3, oomKilled: false });
    const status = (await admin.pods(`opencti-connector-id=${s.connectorId}`))[0]?.status?.containerStatuses?.[0];
    expect([0, 1]).toContain(o.runtimeRestarts - (status?.restartCount ?? 0));
    const lines = await runtime.logs(o.ref, { tail: 50 }, signal());
    expect(lines.some((l) => l.text.includes('crashing with exit code 3'))).toBe(true);
    await runtime.remove(o.ref, signal());
  });

  test('what XTM Composer made is taken over as it is; its leftovers go with the first replacement', async () => {
    const s = spec('legacy');
    const labels = { 'opencti-manager': managerId, 'opencti-connector-id': s.connectorId };
    const env = [
      { name: 'OPENCTI_CONFIG_HASH', value: 'h1' },
      { name: 'LEFT_OVER', value: '1' },
    ];
    await admin.apps.createNamespacedDeployment({
      namespace: admin.namespace,
      body: {
        metadata: { name: s.name, labels, annotations: { OPENCTI_CONFIG_HASH: 'h1' } },
        spec: {
          replicas: 1,
          selector: { matchLabels: labels },
          template: {
            metadata: { labels },
            spec: { containers: [{ name: s.name, image, env }], imagePullSecrets: [{ name: 'old' }] },
          },
        },
      },
    });
    await until('its pod', async () => (await only(s)).state === 'running');
    const before = await only(s);
    expect(before.specHash).toBeUndefined();
    await runtime.stop(before.ref, false, signal());
    await runtime.start(before.ref, signal());
    await runtime.refresh(next(s), before.ref, true, signal());
    const d = await admin.deployment(s.name);
    expect(d.metadata?.uid).toBe(before.ref.split('/')[1]);
    expect(d.spec?.selector.matchLabels).toEqual(labels);
    expect(d.spec?.strategy).toEqual({ type: 'Recreate' });
    expect(d.spec?.template.spec?.imagePullSecrets).toBeUndefined();
    expect(d.spec?.template.spec?.containers[0]?.env?.some((v) => v.name === 'LEFT_OVER')).toBe(false);
    expect(await only(s)).toMatchObject({ state: 'running', contractHash: 'h2', specHash: 's1' });
  });

  test('labels that left the selector behind: made anew; any other refusal deletes nothing', async () => {
    const s = spec('selector');
    const labels = { 'opencti-manager': 'former-manager', 'opencti-connector-id': s.connectorId };
    await admin.apps.createNamespacedDeployment({
      namespace: admin.namespace,
      body: {
        metadata: { name: s.name, labels, annotations: { OPENCTI_CONFIG_HASH: 'h1' } },
        spec: {
          replicas: 1,
          selector: { matchLabels: labels },
          template: { metadata: { labels }, spec: { containers: [{ name: s.name, image }] } },
        },
      },
    });
    await until('its pod', async () => (await only(s)).state === 'running');
    const { ref } = await only(s);
    const impossible = { ...next(s), env: [{ key: 'NO=NAME', value: '', sensitive: false }] };
    expect(await problemOf(runtime.refresh(impossible, ref, true, signal()))).toMatchObject({ type: 'CreateRefused' });
    expect(await only(s)).toMatchObject({ ref, state: 'running' });
    await runtime.refresh(next(s), ref, true, signal());
    const after = await only(s);
    expect(after.ref).not.toBe(ref);
    expect(after).toMatchObject({ name: s.name, state: 'running', contractHash: 'h2' });
    expect((await admin.deployment(s.name)).spec?.selector.matchLabels).toEqual({
      'opencti-connector-id': s.connectorId,
    });
    expect(await secretsOf(s)).toHaveLength(1);
  });

  test('a sidecar of the base neither stands for the connector nor speaks for it', async () => {
    const side = { name: 'aaa', image, env: [{ name: 'CONNECTOR_NAME', value: 'sidecar' }] };
    const defaults = { name: 'connector', env: [{ name: 'CONNECTOR_NAME', value: 'from the base' }] };
    const there = runtimeWith({ base: { spec: { template: { spec: { containers: [side, defaults] } } } } });
    const s = spec('sidecar');
    await there.deploy(s, true, signal());
    const o = await only(s, there);
    await until('a line', async () => (await there.logs(o.ref, { tail: 5 }, signal())).length > 0);
    for (const line of await there.logs(o.ref, { tail: 5 }, signal())) expect(line.text).toContain('from the base');
    await there.remove(o.ref, signal());
  });

  test('the Secrets of CA and registry; the latter is shared and stays as long as one needs it', async () => {
    const auth = { server: 'registry.example.com:5000', username: 'u', password: 'pw' };
    const there = runtimeWith({ registry: { auth: () => auth, suffix: '' } });
    const [a, b] = [spec('pull-a', { caBundle: 'PEM A' }), spec('pull-b')];
    await there.deploy(a, false, signal());
    await there.deploy(b, false, signal());
    const { namespace } = admin;
    const shared = () => admin.core.readNamespacedSecret({ name: 'registry-example-com-5000', namespace });
    expect((await shared()).type).toBe('kubernetes.io/dockerconfigjson');
    expect((await shared()).metadata?.ownerReferences?.map((o) => o.name).toSorted()).toEqual(['pull-a', 'pull-b']);
    const ca = await admin.core.readNamespacedSecret({ name: 'pull-a-proxy-ca', namespace });
    expect(Buffer.from(ca.data?.['ca.crt'] ?? '', 'base64').toString()).toBe('PEM A');
    expect(ca.metadata?.ownerReferences).toHaveLength(1);
    await there.remove((await only(a)).ref, signal());
    await until('the CA to go', () =>
      admin.core.readNamespacedSecret({ name: 'pull-a-proxy-ca', namespace }).then(
        () => false,
        () => true,
      ),
    );
    expect((await shared()).metadata?.name).toBe('registry-example-com-5000');
    await there.remove((await only(b)).ref, signal());
    await until('the shared one to go', () =>
      shared().then(
        () => false,
        () => true,
      ),
    );
  });
});
