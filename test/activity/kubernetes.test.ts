import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, describe, expect, test } from 'vitest';
import { type KubernetesOptions, kubernetes } from '../../runtimes/kubernetes.ts';
import type { Runtime, RuntimeEvent } from '../../runtimes/runtime.ts';
import { pod, spec, status } from '../unit/kubernetes-support.ts';
import { type ApiStandIn, json, kubeconfigFor, standIn } from './kubernetes-server.ts';

const dir = mkdtempSync(join(tmpdir(), 'cadenza-kube-api-'));
const signal = (): AbortSignal => AbortSignal.timeout(10_000);
const open: { close(): unknown }[] = [];
afterEach(async () => {
  for (const one of open.splice(0)) await one.close();
});
afterAll(() => rmSync(dir, { recursive: true, force: true }));

const runtimeOn = (kubeconfig: string, changes: Partial<KubernetesOptions> = {}): Runtime => {
  const runtime = kubernetes({
    kubeconfig,
    timeoutMs: 2_000,
    startTimeout: 1_000,
    pullPolicy: 'IfNotPresent',
    registry: { auth: () => undefined, suffix: '' },
    ...changes,
  });
  open.push(runtime);
  return runtime;
};
const serving = async (answer: Parameters<typeof standIn>[1]): Promise<ApiStandIn> => {
  const server = await standIn(dir, answer);
  open.unshift(server);
  return server;
};
const problemOf = (work: Promise<unknown>): Promise<{ type: string; message: string; after?: number }> =>
  work.then(
    () => ({ type: 'no error', message: '' }),
    (error: unknown) => error as { type: string; message: string },
  );

describe('what the API server answers to a read', () => {
  test.each([
    [400, 'RuntimeUnavailable'],
    [401, 'NotPermitted'],
    [403, 'NotPermitted'],
    [404, 'RuntimeUnavailable'],
    [409, 'RuntimeUnavailable'],
    [429, 'RuntimeUnavailable'],
    [500, 'RuntimeUnavailable'],
    [502, 'RuntimeUnavailable'],
    [503, 'RuntimeUnavailable'],
  ])('%i is %s, never an absence', async (code, type) => {
    const server = await serving((_request, response) => json(response, code, { message: 'because' }));
    const problem = await problemOf(runtimeOn(server.kubeconfig).list(['m1'], signal()));
    expect(problem.type).toBe(type);
    expect(problem.message).not.toContain('very-secret-token');
    if (code !== 401) expect(problem.message).toContain('because');
  });

  test('a busy server says when to come again', async () => {
    const server = await serving((_request, response) => json(response, 429, {}, { 'retry-after': '7' }));
    expect(await problemOf(runtimeOn(server.kubeconfig).list(['m1'], signal()))).toMatchObject({ after: 7_000 });
  });

  test('what is no JSON, or no answer in time, is an outage', async () => {
    const page = await serving((_request, response) => response.writeHead(200).end('<html>'));
    expect(await problemOf(runtimeOn(page.kubeconfig).list(['m1'], signal()))).toMatchObject({
      type: 'RuntimeUnavailable',
    });
    const silent = await serving(() => undefined);
    expect(await problemOf(runtimeOn(silent.kubeconfig, { timeoutMs: 200 }).list(['m1'], signal()))).toMatchObject({
      type: 'RuntimeUnavailable',
      message: expect.stringContaining('too long') as string,
    });
  });
});

describe('what the API server answers to a write', () => {
  test.each([
    [400, {}, 'CreateRefused'],
    [401, {}, 'NotPermitted'],
    [403, { message: 'User "u" cannot patch resource "deployments"' }, 'NotPermitted'],
    [403, { message: 'exceeded quota: q, requested: count/deployments.apps=1' }, 'CreateRefused'],
    [403, { message: 'admission webhook "w" denied the request: no' }, 'CreateRefused'],
    [404, { message: 'namespaces "cti" not found' }, 'CreateRefused'],
    [409, { reason: 'AlreadyExists', message: 'exists' }, 'NameConflict'],
    [409, { reason: 'Conflict', message: 'Apply failed with 1 conflict: conflict with "x"' }, 'NameConflict'],
    [409, { reason: 'Conflict', message: 'the object has been modified' }, 'RuntimeUnavailable'],
    [413, {}, 'CreateRefused'],
    [422, { message: 'spec.x: Invalid value' }, 'CreateRefused'],
    [429, {}, 'RuntimeUnavailable'],
    [500, {}, 'RuntimeUnavailable'],
    [500, { message: '.spec.x: field not declared in schema' }, 'CreateRefused'],
    [503, {}, 'RuntimeUnavailable'],
  ])('%i %j is %s', async (code, body, type) => {
    const server = await serving((request, response) =>
      request.method === 'GET' ? json(response, 404, {}) : json(response, code, body),
    );
    const problem = await problemOf(runtimeOn(server.kubeconfig).deploy(spec(), true, signal()));
    expect(problem.type).toBe(type);
    expect(problem.message).not.toContain('top-secret');
  });
});

describe('a kubeconfig', () => {
  test('that names nobody: an outage, with a hint', async () => {
    const file = join(dir, 'nobody');
    writeFileSync(file, kubeconfigFor('http://127.0.0.1:1'));
    const problem = await problemOf(runtimeOn(file).list(['m1'], signal()));
    expect(problem).toMatchObject({ type: 'RuntimeUnavailable' });
    expect(problem.message).toContain('KUBECONFIG');
  });

  test.each([
    ['is not there', undefined],
    ['is no YAML', '{'],
    ['has no cluster', '{"apiVersion":"v1","kind":"Config"}'],
    [
      'has no such context',
      '{"apiVersion":"v1","kind":"Config","clusters":[],"users":[],"contexts":[],"current-context":"x"}',
    ],
  ])('that %s is refused', (what, text) => {
    const file = join(dir, what.replaceAll(' ', '-'));
    if (text !== undefined) writeFileSync(file, text);
    expect(() => runtimeOn(file)).toThrow(expect.objectContaining({ type: 'InvalidConfiguration' }));
  });
});

describe('the watch', () => {
  const running = (version: string, startedAt: string) => {
    const p = pod(status({ running: { startedAt } }));
    const labels = { 'opencti-connector-id': 'c1', 'opencti-manager': 'm1' };
    return { ...p, metadata: { ...p.metadata, resourceVersion: version, labels } };
  };
  /** Answers of the pods' watch, one after the other; an empty one stays open. */
  const scripted = (lists: readonly unknown[], watches: readonly (readonly unknown[] | number)[]) => {
    const [asked, begun] = [[...lists], [...watches]];
    const versions: (string | null)[] = [];
    return {
      versions,
      answer: ((_request, response, url) => {
        const pods = url.pathname.endsWith('/pods');
        if (!url.searchParams.has('watch')) {
          const items = pods ? [asked.length > 1 ? asked.shift() : asked[0]].flat() : [];
          return json(response, 200, { metadata: { resourceVersion: '10' }, items });
        }
        if (pods) versions.push(url.searchParams.get('resourceVersion'));
        const lines = pods ? begun.shift() : [];
        if (typeof lines === 'number') return json(response, lines, { message: 'too old', code: lines });
        response.writeHead(200).flushHeaders();
        for (const line of lines ?? []) response.write(`${JSON.stringify(line)}\n`);
        // The last one goes on for ever, as does that of the Deployments.
        if (pods && begun.length > 0) setTimeout(() => response.end(), 20);
      }) satisfies Parameters<typeof standIn>[1],
    };
  };
  const collect = async (server: ApiStandIn, wanted: number): Promise<readonly string[]> => {
    const stop = new AbortController();
    const events: RuntimeEvent[] = [];
    const both = AbortSignal.any([stop.signal, signal()]);
    try {
      for await (const e of runtimeOn(server.kubeconfig).events(['m1', 'm2'], () => undefined, both)) {
        events.push(e);
        if (events.length === wanted) break;
      }
    } finally {
      stop.abort();
    }
    return events.map((e) => `${e.connectorId} ${e.action}`);
  };

  test('one for all pods and one for all Deployments; taken up where it was', async () => {
    const bookmark = { type: 'BOOKMARK', object: { metadata: { resourceVersion: '15' } } };
    const again = { type: 'MODIFIED', object: running('16', '2') };
    const { answer, versions } = scripted([[running('5', '1')]], [[bookmark], [again]]);
    const server = await serving(answer);
    expect(await collect(server, 2)).toEqual(['c1 die', 'c1 start']);
    expect(versions).toEqual(['10', '15']);
    expect(server.calls.filter((c) => !c.endsWith('watch'))).toHaveLength(2);
  });

  const tooOld = [{ type: 'ERROR', object: { code: 410, message: 'too old' } }];
  test.each([
    ['as an answer', 410],
    ['within the stream', tooOld],
  ])('a version that is too old (%s): a new list tells what was missed', async (_how, gone) => {
    const server = await serving(scripted([[running('5', '1')], []], [gone, []]).answer);
    expect(await collect(server, 1)).toEqual(['c1 die']);
    expect(server.calls.filter((c) => c === 'GET /api/v1/namespaces/cti/pods')).toHaveLength(2);
  });

  test('a server whose lists are always too old is an outage, not a loop', async () => {
    const server = await serving(scripted([[]], [tooOld, 410, 410, 410, 410, 410]).answer);
    expect(await problemOf(collect(server, 1))).toMatchObject({ type: 'RuntimeUnavailable' });
    expect(server.calls.length).toBeLessThan(20);
  });

  test('a server that goes away ends the stream with an outage', async () => {
    const { answer } = scripted([[]], [[]]);
    const server = await serving(answer);
    const iterate = async (): Promise<void> => {
      for await (const e of runtimeOn(server.kubeconfig).events(
        ['m1'],
        () => void sleep(50).then(() => server.close()),
        signal(),
      ))
        expect(e).toBeUndefined();
    };
    expect(await problemOf(iterate())).toMatchObject({ type: 'RuntimeUnavailable' });
  });

  test('a manager id that can stand in no label lists nothing', async () => {
    const server = await serving((_request, response) => json(response, 500, {}));
    expect(await runtimeOn(server.kubeconfig).list(['no label!'], signal())).toEqual([]);
    expect(server.calls).toEqual([]);
  });
});
