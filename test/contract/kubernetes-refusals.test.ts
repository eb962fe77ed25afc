import { randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type KubernetesOptions, kubernetes } from '../../runtimes/kubernetes.ts';
import { inWords, rights } from '../../runtimes/kubernetes/rights.ts';
import type { Runtime, Spec } from '../../runtimes/runtime.ts';
import { kubernetesChecks } from '../../worker/doctor/kubernetes.ts';
import { type Admin, type Rule, adminOf, image, kubeconfig, until } from './kubernetes-support.ts';

const signal = (): AbortSignal => AbortSignal.timeout(60_000);

describe.runIf(kubeconfig !== '')('a cluster that says no', () => {
  let dir: string;
  const managerId = `refusals-${randomUUID()}`;
  const made: Runtime[] = [];
  let admin: Admin;
  let account: string;
  const options = (changes: Partial<KubernetesOptions> = {}): KubernetesOptions => ({
    kubeconfig: account,
    timeoutMs: 30_000,
    startTimeout: 4_000,
    pullPolicy: 'IfNotPresent',
    base: { spec: { template: { spec: { terminationGracePeriodSeconds: 2 } } } },
    registry: { auth: () => undefined, suffix: '' },
    ...changes,
  });
  const runtimeWith = (changes: Partial<KubernetesOptions> = {}): Runtime => {
    const one = kubernetes(options(changes));
    made.push(one);
    return one;
  };
  beforeAll(async () => {
    dir = mkdtempSync(join(tmpdir(), 'cadenza-kubernetes-'));
    admin = await adminOf(`refusals-${randomUUID().slice(0, 8)}`);
    account = await admin.account(dir);
  });
  afterAll(async () => {
    for (const one of made) one.close();
    await admin.end();
    rmSync(dir, { recursive: true, force: true });
  });

  const spec = (name: string, changes: Partial<Spec> = {}): Spec => {
    const connectorId = changes.connectorId ?? randomUUID();
    return {
      connectorId,
      name,
      image,
      env: [{ key: 'API_TOKEN', value: 's3cret', sensitive: true }],
      labels: { 'opencti-manager': managerId, 'opencti-connector-id': connectorId, 'opencti-platform': 'opencti' },
      contractHash: 'h1',
      specHash: 's1',
      ...changes,
    };
  };
  const find = (r: Runtime, s: Spec) =>
    r.find({ connectorId: s.connectorId, variableId: s.connectorId, names: [s.name] }, signal());
  const refOf = async (r: Runtime, s: Spec): Promise<string> => (await find(r, s))[0]?.ref ?? '';
  const problemOf = (work: Promise<unknown>): Promise<{ type: string; message: string }> =>
    work.then(
      () => ({ type: 'no error', message: '' }),
      (error: unknown) => error as { type: string; message: string },
    );

  describe('rights that are missing', () => {
    const lacking = (group: string, resource: string, verb: string) => (rule: Rule) => {
      if (!rule.apiGroups.includes(group) || !rule.resources.includes(resource)) return rule;
      const verbs = rule.verbs.filter((v) => v !== verb);
      return verbs.length === 0 ? undefined : { ...rule, verbs };
    };
    const events = async (r: Runtime): Promise<void> => {
      for await (const event of r.events([managerId], () => undefined, signal())) expect(event).toBeUndefined();
    };
    const refreshed = async (r: Runtime, changes: Partial<Spec> = {}): Promise<void> => {
      const [whole, s] = [runtimeWith(), spec(`right-${randomUUID().slice(0, 8)}`)];
      await whole.deploy(s, true, signal());
      const next = {
        ...s,
        contractHash: 'h2',
        env: [{ key: 'API_TOKEN', value: 'other', sensitive: true }],
        ...changes,
      };
      await r.refresh(next, await refOf(whole, s), true, signal());
    };
    const deployed = (r: Runtime) => r.deploy(spec(`right-${randomUUID().slice(0, 8)}`), false, signal());
    const onOne =
      (start: boolean, work: (r: Runtime, ref: string) => Promise<unknown>) =>
      async (r: Runtime): Promise<void> => {
        const [whole, s] = [runtimeWith(), spec(`right-${randomUUID().slice(0, 8)}`)];
        await whole.deploy(s, start, signal());
        const ref = await refOf(whole, s);
        await work(r, ref).finally(() => whole.remove(ref, signal()));
      };

    test.each<[string, string, string, (r: Runtime) => Promise<unknown>]>([
      ['apps', 'deployments', 'get', deployed],
      ['apps', 'deployments', 'list', (r) => r.list([managerId], signal())],
      ['apps', 'deployments', 'watch', events],
      ['apps', 'deployments', 'create', deployed],
      ['apps', 'deployments', 'patch', deployed],
      ['apps', 'deployments', 'delete', onOne(false, (r, ref) => r.remove(ref, signal()))],
      ['apps', 'deployments/scale', 'patch', onOne(false, (r, ref) => r.start(ref, signal()))],
      ['', 'pods', 'list', onOne(false, (r) => r.list([managerId], signal()))],
      ['', 'pods', 'watch', events],
      ['', 'pods/log', 'get', onOne(true, (r, ref) => r.logs(ref, { tail: 1 }, signal()))],
      ['', 'secrets', 'get', (r) => r.deploy(spec('right-ca', { caBundle: 'PEM' }), false, signal())],
      ['', 'secrets', 'list', refreshed],
      ['', 'secrets', 'create', deployed],
      ['', 'secrets', 'patch', deployed],
      ['', 'secrets', 'delete', refreshed],
      ['', 'namespaces', 'get', (r) => r.engine(signal())],
    ])('%s/%s: %s', async (group, resource, verb, work) => {
      const poor = runtimeWith({ kubeconfig: await admin.account(dir, lacking(group, resource, verb)) });
      const before = (await runtimeWith().list([managerId], signal())).length;
      const problem = await problemOf(work(poor));
      expect(problem.type).toBe('NotPermitted');
      expect(problem.message).toContain('deploy/kubernetes/rbac.yaml');
      if (resource !== 'namespaces') expect(problem.message).toContain(`cannot ${verb} resource "${resource}"`);
      expect(problem.message).not.toContain('s3cret');
      // Nothing half made: what a refused deploy created is gone again.
      if (work === deployed)
        await until('nothing new', async () => (await runtimeWith().list([managerId], signal())).length === before);
    });

    test('the doctor names them, and the role grants exactly what is asked', async () => {
      const file = await admin.account(dir, lacking('', 'pods', 'watch'));
      const facts = { platform: 'opencti', connectorUrl: 'http://opencti:8080' };
      const [poor] = await kubernetesChecks({ ...facts, options: options({ kubeconfig: file }) }, signal());
      expect(poor.find((c) => c.name === 'opencti rights')).toMatchObject({
        ok: false,
        detail: expect.stringContaining('watch pods') as string,
      });
      const [checks, id] = await kubernetesChecks({ ...facts, options: options() }, signal());
      expect(checks.map((c) => c.ok)).toEqual([true, true, true, true]);
      expect(id).toBe((await runtimeWith().engine(signal())).id);
      expect(new Set(rights.map(inWords)).size).toBe(rights.length);
    });
  });

  test('the cluster’s identity is that of kube-system where that may be read', async () => {
    const { metadata } = await admin.core.readNamespace({ name: 'kube-system' });
    const own = await admin.core.readNamespace({ name: admin.namespace });
    expect((await runtimeWith({ kubeconfig }).engine(signal())).id).toBe(metadata?.uid);
    expect((await runtimeWith().engine(signal())).id).toBe(own.metadata?.uid);
  });

  test('a namespace that does not exist', async () => {
    const nowhere = runtimeWith({ kubeconfig, namespace: 'nobody-made-this' });
    expect(await problemOf(nowhere.engine(signal()))).toMatchObject({
      type: 'InvalidConfiguration',
      message: expect.stringContaining('daemon.kubernetes.namespace') as string,
    });
    const problem = await problemOf(nowhere.deploy(spec('nowhere'), false, signal()));
    expect(problem).toMatchObject({
      type: 'CreateRefused',
      message: expect.stringContaining('daemon.kubernetes.namespace') as string,
    });
  });

  test('a quota for objects, and one for pods', async () => {
    const { namespace, core } = admin;
    const quota = (name: string, hard: Record<string, string>) =>
      core.createNamespacedResourceQuota({ namespace, body: { metadata: { name }, spec: { hard } } });
    const effective = (name: string) =>
      until('the quota', async () => {
        const { status } = await core.readNamespacedResourceQuotaStatus({ name, namespace });
        return status?.hard !== undefined;
      });
    const runtime = runtimeWith();
    await quota('secrets', { 'count/secrets': '0' });
    await effective('secrets');
    const s = spec('quota-secrets');
    const problem = await problemOf(runtime.deploy(s, true, signal()));
    expect(problem).toMatchObject({ type: 'CreateRefused' });
    expect(problem.message).toContain('exceeded quota');
    await until('nothing left', async () => (await find(runtime, s)).length === 0);
    await core.deleteNamespacedResourceQuota({ name: 'secrets', namespace });

    await quota('pods', { pods: '0' });
    await effective('pods');
    const p = spec('quota-pods');
    const failed = await problemOf(runtime.deploy(p, true, signal()));
    expect(failed).toMatchObject({ type: 'StartFailed' });
    expect(failed.message).toContain('exceeded quota');
    expect((await find(runtime, p))[0]).toMatchObject({ state: 'failed', retried: true });
    await core.deleteNamespacedResourceQuota({ name: 'pods', namespace });
    await runtime.remove(await refOf(runtime, p), signal());
  });

  test('a base with a member no Deployment has names it, and leaves nothing', async () => {
    const base = { spec: { template: { spec: { restartpolicy: 'Always' } } } };
    const s = spec('bad-base');
    const runtime = runtimeWith({ base });
    expect(await problemOf(runtime.deploy(s, false, signal()))).toMatchObject({
      type: 'CreateRefused',
      message: expect.stringContaining('restartpolicy') as string,
    });
    expect(await find(runtime, s)).toEqual([]);
    const facts = { platform: 'opencti', connectorUrl: 'http://127.0.0.1:8080' };
    const [checks] = await kubernetesChecks({ ...facts, options: options({ base }) }, signal());
    expect(checks.find((c) => c.name === 'opencti base deployment')).toMatchObject({ ok: false });
    expect(checks.find((c) => c.name === 'opencti address')?.fix).toContain('connector_url');
  });

  test('a strategy the server refuses leaves the old one running', async () => {
    const s = spec('bad-strategy');
    const runtime = runtimeWith();
    await runtime.deploy(s, true, signal());
    const ref = await refOf(runtime, s);
    const bad = runtimeWith({ base: { spec: { strategy: { type: 'Sideways' } } } });
    expect(await problemOf(bad.refresh({ ...s, contractHash: 'h2' }, ref, true, signal()))).toMatchObject({
      type: 'CreateRefused',
    });
    expect((await find(runtime, s))[0]).toMatchObject({ ref, state: 'running', contractHash: 'h1' });
  });
});
