import { describe, expect, test } from 'vitest';
import { type Instance, cadenza, containersOf, platform, processes, until } from './instance.ts';

const poll = 10_000;

/** What must not harm anything, done to a living instance: its worker, platform, Temporal server and engine are lost. */
export function faults(up: () => Instance): void {
  const one = (name: string) => platform(up()).one(name);

  describe('a worker killed', () => {
    const killWorker = async () => {
      const [pid] = processes(up().home, 'worker/main.js');
      expect(pid).toBeDefined();
      process.kill(pid ?? 0, 'SIGKILL');
      await until('another worker', 60_000, async () => {
        const [now] = processes(up().home, 'worker/main.js');
        return now !== undefined && now !== pid && (await fetch(up().run().health)).ok;
      });
    };
    const add = (name: string, configuration: readonly { key: string; value: string }[] = []) =>
      platform(up()).call('POST', '/connectors', {
        name,
        image: 'cadenza/demo-connector:1',
        configuration,
        requested: 'starting',
      });
    const exactlyOneRunning = async (name: string) => {
      const { id } = await one(name);
      await until(`exactly one running container of ${name}`, 90_000, async () => {
        const all = await containersOf(up().engine(), id);
        return all.length === 1 && all[0]?.State === 'running' && (await one(name)).current === 'started';
      });
      const [only] = await containersOf(up().engine(), id);
      expect(only?.Names).toEqual([`/${name}`]);
    };

    test('during deploys leaves exactly one container each', async () => {
      for (const i of [1, 2, 3, 4]) await add(`killed-deploy-${i}`);
      void cadenza(up().home, 'reconcile');
      await until('a first container', 30_000, async () =>
        (await up().engine().listContainers({ all: true })).some((c) => c.Names[0]?.startsWith('/killed-deploy')),
      );
      await killWorker();
      for (const i of [1, 2, 3, 4]) await exactlyOneRunning(`killed-deploy-${i}`);
    });

    test('during a replacement leaves exactly one container', async () => {
      // The old one ignores SIGTERM, so the swap hangs for the grace period between its steps.
      await add('killed-refresh', [{ key: 'DEMO_IGNORE_SIGTERM', value: 'true' }]);
      await until('the first one', poll + 20_000, async () => (await one('killed-refresh')).current === 'started');
      await platform(up()).call('PATCH', '/connectors/killed-refresh', {
        configuration: [{ key: 'DEMO_LOG_LINES', value: '2' }],
      });
      void cadenza(up().home, 'reconcile');
      await until('the new one beside it', 30_000, async () =>
        (await up().engine().listContainers({ all: true })).some((c) => c.Names[0] === '/killed-refresh-next'),
      );
      await killWorker();
      await exactlyOneRunning('killed-refresh');
      const { id } = await one('killed-refresh');
      const [now] = await containersOf(up().engine(), id);
      expect(
        (
          await up()
            .engine()
            .getContainer(now?.Id ?? '')
            .inspect()
        ).Config.Env,
      ).toContain('DEMO_LOG_LINES=2');
    });

    test('during a stop still stops', async () => {
      await add('killed-stop', [{ key: 'DEMO_IGNORE_SIGTERM', value: 'true' }]);
      await until('the start', poll + 20_000, async () => (await one('killed-stop')).current === 'started');
      await platform(up()).call('POST', '/connectors/killed-stop/stop');
      const stopping = cadenza(up().home, 'reconcile');
      await until('the step', 20_000, async () =>
        (await cadenza(up().home, 'show', 'killed-stop', '--json')).out.includes('"stopping"'),
      );
      await killWorker();
      await stopping;
      await until('the stop', 60_000, async () => (await one('killed-stop')).current === 'stopped');
      const { id } = await one('killed-stop');
      expect((await containersOf(up().engine(), id)).map((c) => c.State)).toEqual(['exited']);
    });
  });

  describe('services that go and come back', () => {
    test('a platform that answers with rubbish loses nothing', async () => {
      const before = (await up().engine().listContainers()).map((c) => c.Id).toSorted();
      await platform(up()).call('PUT', '/faults', { operations: { connectorsForManagers: { garbage: true } } });
      const { code, out } = await cadenza(up().home, 'reconcile', '--json');
      expect(code).toBe(1);
      expect(out).toContain('PlatformUnavailable');
      await platform(up()).call('PUT', '/faults', {
        operations: { connectorsForManagers: null },
        listing: { mode: 'empty' },
      });
      await cadenza(up().home, 'reconcile', '--json');
      await cadenza(up().home, 'reconcile', '--json');
      expect(
        (await up().engine().listContainers()).map((c) => c.Id).filter((id) => before.includes(id)).length,
      ).toBeGreaterThanOrEqual(before.length - 1);
      await platform(up()).call('DELETE', '/faults');
      await until('a good poll', 90_000, async () => (await cadenza(up().home, 'reconcile', '--json')).code === 0);
    });

    test('a Temporal server that dies is started again and nothing is forgotten', async () => {
      const ids = (await cadenza(up().home, 'list', '--json')).out;
      const [pid] = processes(up().home, 'start-dev');
      process.kill(pid ?? 0, 'SIGKILL');
      await until('the list', 90_000, async () => {
        const { code, out } = await cadenza(up().home, 'list', '--json');
        return code === 0 && (JSON.parse(out) as unknown[]).length === (JSON.parse(ids) as unknown[]).length;
      });
      await platform(up()).call('POST', '/connectors/misp/stop');
      await until('the stop', 90_000, async () => (await one('misp')).current === 'stopped');
      await platform(up()).call('POST', '/connectors/misp/start');
      await until('the start', 60_000, async () => (await one('misp')).current === 'started');
    });

    test('an engine that dies and comes back has all connectors running again, without a crash counted', async () => {
      const counted = (await one('ipinfo')).restarts;
      const [pid] = processes(up().home, 'dockerd');
      process.kill(pid ?? 0, 'SIGKILL');
      await until(
        'the engine',
        60_000,
        async () => (await up().engine().ping()) !== undefined && processes(up().home, 'dockerd')[0] !== pid,
      );
      for (const name of ['ipinfo', 'misp', 'nist-nvd-cve']) {
        const { id } = await one(name);
        await until(`${name} to run`, 90_000, async () => {
          const all = await containersOf(up().engine(), id);
          return all.length === 1 && all[0]?.State === 'running';
        });
      }
      await until('the report', 60_000, async () => (await one('ipinfo')).current === 'started');
      expect((await one('ipinfo')).restarts).toBe(counted);
    }, 240_000);
  });
}
