import { readFileSync } from 'node:fs';
import { Client, Connection } from '@temporalio/client';
import { temporal } from '@temporalio/proto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { faults } from './faults.ts';
import {
  type Instance,
  cadenza,
  containersOf,
  dropHome,
  freshHome,
  platform,
  processes,
  ready,
  start,
  until,
} from './instance.ts';

/**
 * The product as a person uses it: `npm start` with its own engine, Temporal and sandbox, and the `cadenza` command.
 * One instance lives through all of this in order, faults included; the state of the world is what counts.
 */
const poll = 10_000;
let home: string;
let up: Instance;
let secretsSeen: readonly string[] = [];

const one = (name: string) => platform(up).one(name);
const rememberSecrets = async () => {
  const known = (await platform(up).call('GET', '/secrets')) as readonly unknown[];
  const texts = known.map((s) => (typeof s === 'string' ? s : (s as { value: string }).value));
  secretsSeen = [...new Set([...secretsSeen, ...texts, platform(up).token])].filter((s) => s.length >= 6);
};

beforeAll(async () => {
  home = freshHome();
  up = await ready(start(home));
}, 200_000);

afterAll(async () => {
  if (up.child.exitCode === null) up.child.kill('SIGTERM');
  await up.ended;
  dropHome(home);
}, 120_000);

describe('a start', () => {
  test('writes what others need to find it', () => {
    const run = up.run();
    expect(Object.keys(run).toSorted()).toEqual([
      'docker',
      'health',
      'metrics',
      'pid',
      'sandbox',
      'startedAt',
      'temporal',
    ]);
    expect(run.pid).toBe(up.child.pid);
    expect(run.temporal.address).toMatch(/^127\.0\.0\.1:\d+$/);
    expect(new Date(run.startedAt).toISOString()).toBe(run.startedAt);
  });

  test('answers on its health and metrics routes', async () => {
    expect((await fetch(up.run().health)).status).toBe(200);
    const metrics = await (await fetch(up.run().metrics)).text();
    expect(metrics).toContain('cadenza_connectors');
    expect(metrics).toContain('temporal_');
  });

  test('runs the demo connectors, and list says so in its exact shape', async () => {
    const { code, out } = await cadenza(home, 'list', '--json');
    expect(code).toBe(0);
    const list = JSON.parse(out) as Record<string, unknown>[];
    const of = (name: string) => list.filter((c) => c['platform'] === name).length;
    expect([of('opencti'), of('openaev')]).toEqual([7, 3]);
    expect(Object.keys(list[0] ?? {}).toSorted()).toEqual(
      [
        'platform',
        'id',
        'name',
        'phase',
        'requestedStatus',
        'currentStatus',
        'reportedStatus',
        'runtime',
        'container',
        'image',
        'contractHash',
        'restarts',
        'since',
        'lastError',
        'workflowId',
      ].toSorted(),
    );
    const ipinfo = list.find((c) => c['name'] === 'ipinfo');
    expect(ipinfo).toMatchObject({
      platform: 'opencti',
      phase: 'running',
      requestedStatus: 'start',
      currentStatus: 'started',
      reportedStatus: 'started',
      runtime: 'docker',
      container: 'ipinfo',
    });
    const containers = await up.engine().listContainers({ filters: { label: ['opencti-platform=opencti'] } });
    expect(containers.length).toBeGreaterThanOrEqual(5);
  });

  test('is refused in a home that is in use', async () => {
    const second = start(home);
    expect(await second.ended).toBe(1);
    expect(second.output()).toContain(home);
  });
});

describe('what the platform asks for', () => {
  test('a stop reaches the container and is reported', async () => {
    const { id } = await one('misp');
    await platform(up).call('POST', '/connectors/misp/stop');
    await until('the stop', poll + 15_000, async () => (await one('misp')).current === 'stopped');
    expect((await containersOf(up.engine(), id)).map((c) => c.State)).toEqual(['exited']);
  });

  test('a start reaches it again', async () => {
    await platform(up).call('POST', '/connectors/misp/start');
    await until('the start', poll + 15_000, async () => (await one('misp')).current === 'started');
  });

  test('a changed configuration replaces the container, and nothing of the old one stays', async () => {
    const { id } = await one('mitre-att-ck');
    const [old] = await containersOf(up.engine(), id);
    await platform(up).call('PATCH', '/connectors/mitre-att-ck', { configuration: { MITRE_INTERVAL: '3' } });
    await until('the new container', poll + 20_000, async () => {
      const all = await containersOf(up.engine(), id);
      return all.length === 1 && all[0]?.Id !== old?.Id && all[0]?.State === 'running';
    });
    const [now] = await containersOf(up.engine(), id);
    const { Config } = await up
      .engine()
      .getContainer(now?.Id ?? '')
      .inspect();
    expect(Config.Env).toContain('MITRE_INTERVAL=3');
    const statuses = (await one('mitre-att-ck')).statusCount;
    expect(statuses).toBe(1);
  });

  test('its log and health arrive', async () => {
    await until('the log', 30_000, async () =>
      (await one('ipinfo')).logs.some((l) => l.includes('[cadenza] info deployed')),
    );
    expect((await one('ipinfo')).logs.some((l) => l.includes('"level":"INFO"'))).toBe(true);
    expect((await one('ipinfo')).health).toMatchObject({ is_in_reboot_loop: false });
  });

  test('a crash loop is slowed down and shown', async () => {
    await until('the loop', 60_000, async () => (await one('demo-crash-loop')).health?.is_in_reboot_loop === true);
    const { out } = await cadenza(home, 'show', 'demo-crash-loop', '--json');
    const shown = JSON.parse(out) as { phase: string; restarts: number; transitions: readonly { to: string }[] };
    expect(shown.restarts).toBeGreaterThanOrEqual(4);
    expect(shown.transitions.some((t) => t.to === 'looping')).toBe(true);
  });

  test('a deleted connector is removed', async () => {
    const { id } = await one('shodan-internetdb');
    await platform(up).call('DELETE', '/connectors/shodan-internetdb');
    await until('the removal', 90_000, async () => (await containersOf(up.engine(), id)).length === 0);
    const { out } = await cadenza(home, 'list', '--json');
    await until(
      'the end of its workflow',
      30_000,
      async () => !(await cadenza(home, 'list', '--json')).out.includes(id),
    );
    expect(JSON.parse(out)).toBeInstanceOf(Array);
  });
});

describe('operators', () => {
  test('stop and start a connector without touching the platform', async () => {
    const stopped = await cadenza(home, 'stop', 'alienvault', '--json');
    expect(stopped.code).toBe(0);
    const { id, requested } = await one('alienvault');
    expect(requested).toBe('starting');
    expect((await containersOf(up.engine(), id)).map((c) => c.State)).toEqual(['exited']);
    expect((await cadenza(home, 'start', 'alienvault')).code).toBe(0);
    expect((await containersOf(up.engine(), id)).map((c) => c.State)).toEqual(['running']);
  });

  test('reconcile at once', async () => {
    await platform(up).call('POST', '/connectors/ipinfo/stop');
    const { code, out } = await cadenza(home, 'reconcile', '--json');
    expect(code).toBe(0);
    const results = JSON.parse(out) as readonly {
      platform: string;
      seen: number;
      changed: readonly { name: string; action: string }[];
    }[];
    expect(results.map((r) => [r.platform, r.seen])).toEqual([
      ['openaev', 3],
      ['opencti', results[1]?.seen],
    ]);
    expect(results[1]?.changed).toContainEqual(expect.objectContaining({ name: 'ipinfo', action: 'stop' }));
    expect((await one('ipinfo')).current).toBe('stopped');
    await platform(up).call('POST', '/connectors/ipinfo/start');
    await until('the start', poll + 15_000, async () => (await one('ipinfo')).current === 'started');
  });

  test('see a plan without anything being changed', async () => {
    await platform(up).call('POST', '/connectors/ipinfo/stop');
    const { code, out } = await cadenza(home, 'reconcile', '--dry-run', '--json');
    expect(code).toBe(0);
    const results = JSON.parse(out) as readonly {
      dryRun: boolean;
      planned: readonly { name: string; action: string }[];
    }[];
    expect(results.map((r) => r.dryRun)).toEqual([true, true]);
    expect(results[0]?.planned).toEqual([]);
    expect(results[1]?.planned).toContainEqual(expect.objectContaining({ name: 'ipinfo', action: 'stop' }));
    expect(Object.keys(results[1] ?? {}).toSorted()).toEqual([
      'changed',
      'dryRun',
      'failed',
      'planned',
      'platform',
      'seen',
    ]);
    const adopted = await cadenza(home, 'adopt', '--dry-run', '--json');
    expect(JSON.parse(adopted.out)).toMatchObject([
      { platform: 'openaev', changes: [], conflicts: [], failed: [] },
      {
        platform: 'opencti',
        dryRun: true,
        adopted: expect.arrayContaining([expect.objectContaining({ name: 'misp', object: 'misp', state: 'running' })]),
        changes: expect.arrayContaining([expect.objectContaining({ name: 'ipinfo', action: 'stop' })]),
        conflicts: [],
        failed: [],
      },
    ]);
    await platform(up).call('POST', '/connectors/ipinfo/start');
  });

  test('are told by doctor that nothing is wrong', async () => {
    const { code, out } = await cadenza(home, 'doctor', '--json');
    expect(JSON.parse(out)).toEqual(
      expect.arrayContaining([expect.objectContaining({ name: 'opencti right to list', ok: true })]),
    );
    expect(code).toBe(0);
  });

  test('read the log of a container', async () => {
    const { code, out } = await cadenza(home, 'logs', 'nist-nvd-cve', '--tail', '5');
    expect(code).toBe(0);
    expect(out).toContain('nist-nvd-cve');
  });
});

describe('foreign containers', () => {
  test('keep their name, and the connector takes another', async () => {
    const engine = up.engine();
    const foreign = await engine.createContainer({
      name: 'taken-name',
      Image: 'cadenza/demo-connector:1',
      HostConfig: { NetworkMode: 'none' },
    });
    const before = JSON.stringify(await foreign.inspect());
    await platform(up).call('POST', '/connectors', {
      name: 'Taken Name',
      image: 'cadenza/demo-connector:1',
      configuration: [],
      requested: 'starting',
    });
    await until('the connector', poll + 20_000, async () => (await one('Taken Name')).current === 'started');
    const { id } = await one('Taken Name');
    const [made] = await containersOf(engine, id);
    expect(made?.Names[0]).toMatch(/^\/taken-name-[0-9a-f]{8}$/);
    expect(JSON.stringify(await foreign.inspect())).toBe(before);
    await foreign.remove({ force: true });
  });
});

faults(() => up);

describe('secrets', () => {
  test('are in no history, log, metric or state file', async () => {
    await rememberSecrets();
    expect(secretsSeen.length).toBeGreaterThan(3);
    const { address, namespace } = up.run().temporal;
    const connection = await Connection.connect({ address });
    const client = new Client({ connection, namespace });
    const texts: { readonly where: string; readonly text: string }[] = [];
    for await (const info of client.workflow.list()) {
      const history = await client.workflow.getHandle(info.workflowId, info.runId).fetchHistory();
      const bytes = Buffer.from(temporal.api.history.v1.History.encode(history).finish());
      texts.push({ where: info.workflowId, text: bytes.toString('latin1') });
      texts.push({ where: `${info.workflowId} memo`, text: JSON.stringify(info.memo) });
    }
    await connection.close();
    texts.push({ where: 'metrics', text: await (await fetch(up.run().metrics)).text() });
    for (const name of ['worker', 'temporal', 'engine', 'supervisor'])
      for (const suffix of ['', '.1'])
        try {
          texts.push({
            where: `${name}.log${suffix}`,
            text: readFileSync(`${home}/logs/${name}.log${suffix}`, 'latin1'),
          });
        } catch {
          // Not every process has written or rotated a log.
        }
    texts.push(
      { where: 'run.json', text: readFileSync(`${home}/run.json`, 'utf8') },
      { where: 'screen', text: up.output() },
    );
    expect(texts.length).toBeGreaterThan(20);
    const found = texts.flatMap(({ where, text }) =>
      secretsSeen.flatMap((secret) => {
        const encoded = Buffer.from(secret).toString('base64').replace(/=+$/, '');
        return text.includes(secret) || text.includes(encoded) ? [where] : [];
      }),
    );
    expect(found).toEqual([]);
  });
});

describe('an orderly end', () => {
  test('leaves nothing running and nothing behind, and the next start goes on with the same containers', async () => {
    const names = ['ipinfo', 'misp', 'nist-nvd-cve'];
    const idOf = async (name: string) => (await containersOf(up.engine(), (await one(name)).id))[0]?.Id;
    const before = await Promise.all(names.map(idOf));
    up.child.kill('SIGTERM');
    expect(await up.ended).toBe(0);
    expect(() => up.run()).toThrow();
    for (const part of ['worker/main.js', 'sandbox/main.js', 'dockerd', 'start-dev'])
      expect(processes(home, part)).toEqual([]);
    up = await ready(start(home));
    const after = await Promise.all(names.map(idOf));
    expect(after).toEqual(before);
    for (const name of names)
      await until(`${name} running`, 60_000, async () => (await one(name)).current === 'started');
    expect(JSON.parse((await cadenza(home, 'list', '--json')).out)).toBeInstanceOf(Array);
  }, 180_000);

  test('without an instance the commands say what to do and exit with 3', async () => {
    const empty = freshHome();
    const { code, err, out } = await cadenza(empty, 'list');
    expect(code).toBe(3);
    expect(`${err}${out}`).toContain('npm start');
    dropHome(empty);
  });
});
