/**
 * What an idle fleet costs: events a minute of a platform's workflow with 1, 100 and 1 000 connectors, and the worker's
 * memory per idle connector at 10 000, all on a runtime in memory. `npx tsx --expose-gc bench/idle.ts [max=10000]`
 */
import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { ConnectorRecord, Listing } from '../model/connector.ts';
import type { PlatformClient } from '../platforms/platform.ts';
import { fakeRuntime } from '../test/support/fake-runtime.ts';
import { startStage } from '../test/support/stage.ts';
import { freshNamespace, print, service, until } from './support.ts';

const address = service('TEMPORAL_ADDRESS');
const most = Number(process.argv[2] ?? 10_000);
const period = 2_000;
const watched = 30_000;

/** A platform in memory that has accepted everything: what is measured is the worker, not a stand-in's HTTP. */
function platformOf(count: number): PlatformClient {
  const reported = new Map<string, 'started' | 'stopped'>();
  const ids = Array.from({ length: count }, () => randomUUID());
  const records = (): ConnectorRecord[] =>
    ids.map((id, i) => ({
      id,
      platform: 'opencti',
      name: `connector-${i}`,
      image: 'opencti/connector:1',
      contractHash: 'c0ffee00',
      currentStatus: reported.get(id) ?? null,
      requestedStatus: 'start',
      configuration: [{ key: 'CONNECTOR_ID', value: id, encrypted: false }],
    }));
  const version = () => Promise.resolve('7.0.0');
  return {
    platform: 'opencti',
    logs: 'replaced',
    registration: 'exclusive',
    version,
    register: version,
    ping: version,
    list: (): Promise<Listing> => Promise.resolve({ records: records(), skipped: [], complete: true }),
    reportStatus: (id, status) => Promise.resolve(void reported.set(id, status)),
    pushLogs: () => Promise.resolve(),
    pushHealth: () => Promise.resolve(),
    close: () => Promise.resolve(),
  };
}

const memory = (): number => {
  globalThis.gc?.();
  globalThis.gc?.();
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
};

async function measure(
  count: number,
): Promise<{ readonly events: number; readonly bytes: number; readonly rss: number }> {
  const runtime = fakeRuntime({ id: `idle-${count}` });
  const before = memory();
  const stage = await startStage({
    address,
    namespace: await freshNamespace(address),
    platform: platformOf(count),
    runtime,
    managerId: 'idle',
    period,
    schedules: false,
    maxCachedWorkflows: 100,
  });
  await until(
    1_200_000,
    () => [...runtime.objects.values()].filter((o) => o.state === 'running').length === count,
    500,
  );
  const settled = async () => {
    let running = 0;
    const query = `WorkflowType = 'connector' AND CadenzaPhase = 'running'`;
    ({ count: running } = await stage.client.workflow.count(query));
    return running === count;
  };
  await until(1_200_000, settled, 1_000);
  await sleep(3 * period);
  const handle = stage.client.workflow.getHandle('platform:opencti');
  const events = async () => (await handle.describe()).historyLength;
  const first = await events();
  const mutations = runtime.calls.length;
  await sleep(watched);
  const perMinute = ((await events()) - first) * (60_000 / watched);
  if (runtime.calls.length !== mutations) throw new Error('the fleet was not idle');
  const bytes = (memory() - before) / count;
  const { rss } = process.memoryUsage();
  await stage.stop();
  return { events: perMinute, bytes, rss };
}

const rows: (readonly [string, string])[] = [];
for (const count of [1, 100, 1_000, most].filter((c, i, all) => c <= most && all.indexOf(c) === i)) {
  const { events, bytes, rss } = await measure(count);
  rows.push([
    `${count} connectors`,
    `${events} events a minute at a period of ${period / 1000} s; ${(bytes / 1024).toFixed(1)} KB each (fake engine and platform included), process ${(rss / 2 ** 20).toFixed(0)} MB`,
  ]);
}
print('An idle platform', rows);
process.exit(0);
