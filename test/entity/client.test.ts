import { randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import type { Server } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Connection } from '@temporalio/client';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { ConnectorSummary } from '../../model/summary.ts';
import { opencti } from '../../platforms/opencti.ts';
import { type Sandbox, startSandbox } from '../../sandbox/server.ts';
import { temporalChecks } from '../../worker/doctor/temporal.ts';
import { drift } from '../../worker/drift.ts';
import { serveHttp } from '../../worker/http.ts';
import { connectorLog } from '../../worker/loglines.ts';
import { runtimeQueue } from '../../workflows/messages.ts';
import { cadenza, cadenzaProcess } from '../support/cli.ts';
import { type FakeRuntime, fakeRuntime } from '../support/fake-runtime.ts';
import { type Stage, startStage, testKey } from '../support/stage.ts';

/** The commands against real workflows on a real Temporal server; only the runtime is a stand-in. */
const address = process.env['TEMPORAL_ADDRESS'] ?? '';
const namespace = `client-${randomUUID().slice(0, 8)}`;
const home = mkdtempSync(join(tmpdir(), 'cadenza-client-'));
const env = { HOME: '/nonexistent', CADENZA_HOME: home };
const deadline = 20_000;

describe.skipIf(address === '')('the cadenza command', () => {
  let sandbox: Sandbox;
  let runtime: FakeRuntime;
  let stage: Stage;
  let http: Server;
  let stopped = false;

  beforeAll(async () => {
    await makeNamespace();
    sandbox = await startSandbox({ token: 'tok' });
    for (const name of ['Alpha', 'Beta', 'Twin', 'twin'])
      sandbox.control.add({ name, image: 'cadenza/demo-connector:1', requested: 'starting', configuration: [] });
    runtime = fakeRuntime({ id: `fake-${namespace}` });
    stage = await startWorker();
    const served = await serveHttp('127.0.0.1', 0, {
      unready: () => [],
      dead: () => [],
      metrics: async () => '',
      logs: (platform, id, tail, follow, signal) => connectorLog(stage.deps.sites, platform, id, tail, follow, signal),
      drift: async (signal) => drift(stage.site, signal),
      doctor: async () => [
        { name: 'configuration', ok: true, detail: 'fine' },
        { name: 'key', ok: false, detail: 'none', fix: 'make one' },
      ],
      token: 'local-token',
    });
    http = served.server;
    writeFileSync(join(home, 'worker.token'), 'local-token\n');
    writeFileSync(
      join(home, 'run.json'),
      JSON.stringify({
        pid: process.pid,
        temporal: { address, namespace, ui: 'http://ui.test' },
        docker: { host: 'unix:///none' },
        sandbox: null,
        health: `http://127.0.0.1:${served.port}/health/ready`,
      }),
    );
    await until(async () => (await list()).filter((c) => c.phase === 'running').length === 4);
  });

  afterAll(async () => {
    if (!stopped) await stage?.stop();
    http?.closeAllConnections();
    http?.close();
    await sandbox?.close();
    rmSync(home, { recursive: true, force: true });
  });

  const startWorker = (): Promise<Stage> =>
    startStage({
      address,
      namespace,
      runtime,
      managerId: 'm1',
      period: 60_000,
      taskQueue: namespace,
      schedules: false,
      platform: opencti({
        url: sandbox.url,
        token: sandbox.token,
        manager: { id: 'm1', name: 'Manager' },
        key: testKey(),
        listingTimeoutMs: 30_000,
        withProxy: false,
        unsecuredCertificate: false,
        proxyCa: [],
        requestTimeoutMs: 10_000,
        connectTimeoutMs: 5_000,
      }),
    });
  const list = async (...args: readonly string[]): Promise<readonly ConnectorSummary[]> => {
    const ended = await cadenza(['list', '--json', ...args], env);
    expect(ended).toMatchObject({ code: 0, err: '' });
    return JSON.parse(ended.out) as readonly ConnectorSummary[];
  };
  const idOf = (name: string): string => sandbox.control.connector(name).id;

  test('list gives the documented members, sorted by name', async () => {
    const all = await list();
    expect(all.map((c) => c.name)).toEqual(['Alpha', 'Beta', 'twin', 'Twin'].toSorted((a, b) => a.localeCompare(b)));
    expect(all[0]).toEqual({
      platform: 'opencti',
      id: idOf('Alpha'),
      name: 'Alpha',
      phase: 'running',
      requestedStatus: 'start',
      currentStatus: 'started',
      reportedStatus: 'started',
      runtime: 'docker',
      container: 'alpha',
      image: 'cadenza/demo-connector:1',
      contractHash: expect.any(String) as string,
      restarts: 0,
      since: expect.stringMatching(/^\d{4}-.*Z$/) as string,
      lastError: null,
      workflowId: `connector:opencti:${idOf('Alpha')}`,
    });
    expect(await list('--phase', 'failed')).toEqual([]);
    expect(await list('--platform', 'opencti', '--phase', 'running')).toHaveLength(4);
    expect(await list('--platform', 'openaev')).toEqual([]);
    const text = await cadenza(['list'], env);
    expect(text.out).toMatch(/^NAME +PLATFORM +PHASE/);
    expect(text.out).not.toContain('\u001b');
  });

  test('show by name, by the beginning of the id, and with a link to the UI', async () => {
    const ended = await cadenza(['show', 'alpha', '--json'], env);
    const shown = JSON.parse(ended.out) as ConnectorSummary & {
      transitions: { from: string; to: string }[];
      ui: string;
    };
    expect(shown).toMatchObject({
      name: 'Alpha',
      answered: true,
      ui: `http://ui.test/namespaces/${namespace}/workflows/connector%3Aopencti%3A${idOf('Alpha')}`,
    });
    expect(shown.transitions.map((t) => t.to)).toContain('running');
    expect(Object.keys(shown.transitions[0] ?? {})).toEqual(['at', 'from', 'to', 'reason']);
    const page = await cadenza(['show', idOf('Beta').slice(0, 13)], env);
    expect(page).toMatchObject({ code: 0, err: '' });
    expect(page.out).toMatch(/^Beta\n/);
    expect(page.out).toContain('Transitions, newest first');
    expect(page.out).toContain('→ running');
  });

  test('unknown and ambiguous names give 2 and say which would do', async () => {
    expect(await cadenza(['show', 'Alhpa'], env)).toMatchObject({
      code: 2,
      err: expect.stringContaining('"Alpha"') as string,
    });
    const twins = await cadenza(['stop', 'TWIN', '--json'], env);
    expect(twins.code).toBe(2);
    const { error } = JSON.parse(twins.out) as { error: { kind: string; message: string } };
    expect(error.kind).toBe('AmbiguousName');
    expect(error.message).toContain(idOf('Twin'));
    expect((await cadenza(['show', 'twin', '--json'], env)).code).toBe(0);
  });

  test('stop and start are overrides that resume ends', async () => {
    const stopped = await cadenza(['stop', 'Beta'], env);
    expect(stopped).toMatchObject({ code: 0, out: expect.stringMatching(/^Beta: stop; now stopped/) as string });
    expect([...runtime.objects.values()].find((o) => o.name === 'beta')?.state).toBe('down');
    await until(async () => (await list()).find((c) => c.name === 'Beta')?.requestedStatus === 'stop');
    expect((await cadenza(['show', 'Beta'], env)).out).toContain("an operator's");
    const resumed = await cadenza(['resume', 'Beta', '--json'], env);
    expect(JSON.parse(resumed.out)).toMatchObject({
      command: 'resume',
      name: 'Beta',
      settled: true,
      phase: 'running',
      actions: [{ action: 'start' }],
    });
  });

  test('reconcile waits for what it finds, in text and as JSON', async () => {
    expect((await cadenza(['reconcile'], env)).out).toContain('opencti: 4 seen, nothing to change');
    sandbox.control.stop('Alpha');
    const one = await cadenza(['reconcile', '--connector', 'Alpha', '--json'], env);
    expect(one).toMatchObject({ code: 0, err: '' });
    const change = { id: idOf('Alpha'), name: 'Alpha', action: 'stop', reason: expect.any(String) as string };
    expect(JSON.parse(one.out)).toEqual([
      { platform: 'opencti', dryRun: false, seen: 4, planned: [change], changed: [change], failed: [] },
    ]);
    expect([...runtime.objects.values()].find((o) => o.name === 'alpha')?.state).toBe('down');
    sandbox.control.add({ name: 'Gamma', image: 'cadenza/demo-connector:1', requested: 'starting', configuration: [] });
    const fresh = await cadenza(['reconcile', '--connector', 'Gamma', '--platform', 'opencti'], env);
    expect(fresh).toMatchObject({ code: 0, err: '' });
    await until(async () => (await list()).find((c) => c.name === 'Gamma')?.phase === 'running');
    expect(await cadenza(['reconcile', '--platform', 'openaev'], env)).toMatchObject({ code: 2 });
  });

  test('reconcile gives 1 when something failed, and names it', async () => {
    runtime.plant({ name: 'delta', labels: {} });
    sandbox.control.add({ name: 'Delta', image: '', requested: 'starting', configuration: [] });
    const ended = await cadenza(['reconcile', '--json'], env);
    expect(ended.code).toBe(1);
    const [result] = JSON.parse(ended.out) as { failed: { name: string; error: string }[] }[];
    expect(result?.failed).toEqual([expect.objectContaining({ name: 'Delta', error: expect.any(String) as string })]);
    sandbox.control.remove('Delta');
  });

  test('logs come over the port of the worker, with its token', async () => {
    runtime.write(idOf('Beta'), 'a line of the connector');
    const ended = await cadenza(['logs', 'Beta', '--tail', '50'], env);
    expect(ended).toMatchObject({ code: 0, err: '' });
    expect(ended.out).toContain('a line of the connector\n');
    expect(await cadenza(['logs', 'Beta', '--tail', '0'], env)).toMatchObject({ code: 2 });
    const nobody = await cadenza(['logs', 'Beta'], { ...env, CADENZA_WORKER_URL: 'http://127.0.0.1:1' });
    expect(nobody).toMatchObject({ code: 3, out: '', err: expect.stringContaining('npm start') as string });
  });

  test('doctor asks the running worker and gives 1 when something is wrong', async () => {
    const ended = await cadenza(['doctor'], env);
    expect(ended.code).toBe(1);
    expect(ended.out).toContain('✓ configuration: fine');
    expect(ended.out).toContain('✗ key: none\n  → make one');
    expect(JSON.parse((await cadenza(['doctor', '--json'], env)).out)).toHaveLength(2);
  });

  test('the doctor sees the server, the namespace and who serves the queues', async () => {
    const target = { address, namespace, taskQueue: namespace, options: {} };
    const engine = await runtime.engine(AbortSignal.timeout(5_000));
    const queue = runtimeQueue(namespace, 'docker', engine.id);
    const checks = await temporalChecks(target, [
      { platform: 'opencti', queue },
      { platform: 'openaev', queue: `${namespace}-runtime-docker-other` },
    ]);
    expect(checks.map((c) => [c.name, c.ok])).toEqual([
      ['temporal', true],
      ['namespace', true],
      ['workers', true],
      ['opencti runtime queue', true],
      ['openaev runtime queue', false],
    ]);
    const elsewhere = await temporalChecks({ ...target, taskQueue: 'nobody' }, []);
    expect(elsewhere.at(-1)).toMatchObject({
      name: 'workers',
      ok: false,
      fix: expect.stringContaining('npm start') as string,
    });
    const nowhere = await temporalChecks({ ...target, namespace: `none-${namespace}` }, []);
    expect(nowhere[1]).toMatchObject({ name: 'namespace', ok: false });
  });

  test('orphans: exactly what was shown is confirmed', async () => {
    expect((await cadenza(['orphans'], env)).out).toContain('opencti: no orphans found so far');
    const at = new Date().toISOString();
    const candidate = (id: string) => ({ id, name: `old-${id}`, firstSeen: at, lastCounted: at, sweeps: 2 });
    const report = (...ids: readonly string[]) => ({
      at,
      candidates: ids.map(candidate),
      guard: { kind: 'too-many' as const, message: 'too many at once' },
      unassigned: [{ ref: 'r', name: 'legacy-one' }],
      removed: [],
    });
    const platform = stage.client.workflow.getHandle('platform:opencti');
    await platform.signal('swept', report('x', 'y', 'z'));
    const shown = await cadenza(['orphans'], env);
    expect(shown.out).toContain('held back: too many at once');
    expect(shown.out).toContain('old-x');
    expect(shown.out).toContain('legacy-one');
    expect(statSync(join(home, 'orphans-shown.json')).mode & 0o777).toBe(0o600);
    expect(await cadenza(['orphans', 'confirm', 'openaev'], env)).toMatchObject({ code: 2 });
    await platform.signal('swept', report('x', 'y', 'z', 'w'));
    expect(await cadenza(['orphans', 'confirm', 'opencti', '--json'], env)).toMatchObject({
      code: 1,
      out: expect.stringContaining('OrphansChanged') as string,
    });
    await cadenza(['orphans', '--json'], env);
    const confirmed = await cadenza(['orphans', 'confirm', 'opencti', '--json'], env);
    expect(JSON.parse(confirmed.out)).toMatchObject({ platform: 'opencti', ids: ['x', 'y', 'z', 'w'] });
  });

  test('move unbinds the platform from its engine', async () => {
    expect(await cadenza(['move', 'opencti'], env)).toMatchObject({
      code: 0,
      out: expect.stringContaining(`fake-${namespace}`) as string,
    });
    expect(await cadenza(['move', 'openaev'], env)).toMatchObject({ code: 2 });
  });

  test('drift: a moved tag is shown, and replaced on request, and nothing else', async () => {
    type Drifted = ConnectorSummary & { readonly drift: { readonly kind: string | null } | null };
    const drifted = async () =>
      JSON.parse((await cadenza(['list', '--drift', '--json'], env)).out) as readonly Drifted[];
    expect((await drifted()).map((c) => c.drift?.kind ?? null)).toEqual((await list()).map(() => null));
    expect((await cadenza(['redeploy', '--drifted'], env)).out).toContain('Nothing has drifted.');
    const before = new Map([...runtime.objects.values()].map((o) => [o.name, o.ref]));
    const moved = `sha256:${'a'.repeat(64)}`;
    runtime.move('other/image:2', moved);
    sandbox.control.edit('Alpha', { image: 'other/image:2' });
    expect(await cadenza(['reconcile'], env)).toMatchObject({ code: 0 });
    await until(async () => (await list()).find((c) => c.name === 'Alpha')?.image === 'other/image:2');
    runtime.move('other/image:2', `sha256:${'b'.repeat(64)}`);
    await until(async () => (await drifted()).find((c) => c.name === 'Alpha')?.drift?.kind === 'digest');
    const shown = await cadenza(['list', '--drift'], env);
    expect(shown.out).toMatch(/Alpha .*aaaaaaaaaaaa +bbbbbbbbbbbb +the tag was moved/);
    const ended = await cadenza(['redeploy', '--drifted', '--json'], env);
    expect(JSON.parse(ended.out)).toMatchObject([{ name: 'Alpha', settled: true, actions: [{ action: 'refresh' }] }]);
    expect((await drifted()).filter((c) => (c.drift?.kind ?? null) !== null)).toEqual([]);
    const after = new Map([...runtime.objects.values()].map((o) => [o.name, o.ref]));
    for (const [name, ref] of before) expect([name, after.get(name) === ref]).toEqual([name, name !== 'alpha']);
    expect(await cadenza(['redeploy'], env)).toMatchObject({ code: 2 });
    expect(await cadenza(['redeploy', 'Alpha', '--drifted'], env)).toMatchObject({ code: 2 });
  }, 60_000);

  test('--watch ends with 0 on Ctrl-C, logs -f too', async () => {
    const watched = await cadenzaProcess(['list', '--watch'], env, (out, signal) => {
      if (out.includes('Alpha')) signal('SIGINT');
    });
    expect(watched).toMatchObject({ code: 0, err: '' });
    const followed = await cadenzaProcess(['logs', 'Beta', '-f'], env, (out, signal) => {
      if (out.includes('a line of the connector')) signal('SIGINT');
    });
    expect(followed).toMatchObject({ code: 0, err: '' });
  });

  test('a namespace that does not exist is a wrong configuration', async () => {
    const ended = await cadenza(['list'], { ...env, TEMPORAL_NAMESPACE: `none-${namespace}` });
    expect(ended).toMatchObject({ code: 2, err: expect.stringContaining('TEMPORAL_NAMESPACE') as string });
  });

  test('without a worker: list and show still tell what is known, commands give 3', async () => {
    stopped = true;
    await stage.stop();
    expect((await list()).length).toBeGreaterThanOrEqual(4);
    const [shown, command] = await Promise.all([
      cadenza(['show', 'Beta', '--json'], env),
      cadenza(['restart', 'Beta'], env),
    ]);
    expect(JSON.parse(shown.out)).toMatchObject({ name: 'Beta', answered: false, transitions: [] });
    expect(shown.err).toContain('no worker answers');
    expect(command).toMatchObject({ code: 3, err: expect.stringContaining('no worker answers') as string });
  }, 60_000);

  async function makeNamespace(): Promise<void> {
    const connection = await Connection.connect({ address });
    await connection.workflowService.registerNamespace({
      namespace,
      workflowExecutionRetentionPeriod: { seconds: 86_400 as never },
    });
    await until(async () => {
      await connection.workflowService.listWorkflowExecutions({ namespace, query: '' });
      return true;
    });
    await connection.close();
  }
});

/** Waits until it is so; an attempt that throws counts as not yet. */
async function until(so: () => Promise<boolean>): Promise<void> {
  const end = Date.now() + deadline;
  for (;;) {
    const error = await so().then(
      (yes) => (yes ? undefined : new Error('not in time')),
      (e: unknown) => e,
    );
    if (error === undefined) return;
    if (Date.now() > end) throw error;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}
