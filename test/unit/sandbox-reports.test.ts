import { expect, test } from 'vitest';
import { ask, operations, registered, send } from './sandbox-support.ts';

const health = (id: string, startedAt: string) => ({
  input: { id, restart_count: 2, started_at: startedAt, is_in_reboot_loop: true },
});

test('a status is stored, answered, and every call is on record, repeated ones too', async () => {
  const sandbox = await registered();
  const { id } = sandbox.control.add({ name: 'one', image: 'a/b:1', requested: 'starting' });
  for (const status of ['started', 'started', 'stopped'])
    expect(await ask(sandbox, operations.status, { input: { id, status } })).toEqual({
      updateConnectorCurrentStatus: { id, manager_current_status: status, manager_requested_status: 'starting' },
    });
  expect(sandbox.control.statusCalls('one')).toMatchObject([
    { id, name: 'one', status: 'started', previous: null },
    { status: 'started', previous: 'started' },
    { status: 'stopped', previous: 'started' },
  ]);
  expect(sandbox.control.connector(id)).toMatchObject({ current: 'stopped', statusCount: 3 });
});

test('a status of a connector that was deleted is refused', async () => {
  const sandbox = await registered();
  const { errors, data } = await send(sandbox, operations.status, { input: { id: 'gone', status: 'stopped' } });
  expect(data).toEqual({ updateConnectorCurrentStatus: null });
  expect(errors).toMatchObject([
    {
      message: 'Cant find element to update',
      extensions: { code: 'FUNCTIONAL_ERROR', data: { id: 'gone', type: 'Connector' } },
    },
  ]);
});

test('log lines replace the ones before, in order', async () => {
  const sandbox = await registered();
  const { id } = sandbox.control.add({ name: 'one', image: 'a/b:1' });
  await ask(sandbox, operations.logs, { input: { id, logs: ['old'] } });
  const logs = ['{"message":"run"}', 'second', ''];
  expect(await ask(sandbox, operations.logs, { input: { id, logs } })).toEqual({ updateConnectorLogs: id });
  expect(sandbox.control.connector(id).logs).toEqual(logs);
  expect((await ask(sandbox, operations.reported, { id }))['connector']).toMatchObject({
    manager_connector_logs: logs,
  });
});

test('logs and health of any id are accepted and echoed', async () => {
  const sandbox = await registered();
  expect(await ask(sandbox, operations.logs, { input: { id: 'x', logs: [] } })).toEqual({ updateConnectorLogs: 'x' });
  expect(await ask(sandbox, operations.health, health('x', '2026-01-01T00:00:00.123456789Z'))).toEqual({
    updateConnectorHealth: 'x',
  });
});

test('health is shown for 300 seconds after the last report', async () => {
  const sandbox = await registered();
  const { id } = sandbox.control.add({ name: 'one', image: 'a/b:1' });
  const shown = async () => (await ask(sandbox, operations.reported, { id }))['connector'];
  expect(await shown()).toMatchObject({ manager_health_metrics: null, manager_connector_uptime: null });
  const startedAt = new Date(Date.now() - 61_000).toISOString();
  await ask(sandbox, operations.health, health(id, startedAt));
  expect(await shown()).toMatchObject({
    manager_health_metrics: { restart_count: 2, started_at: startedAt, is_in_reboot_loop: true },
    manager_connector_uptime: 61,
  });
  sandbox.control.clock({ advanceMs: 295_000 });
  expect((await shown()).manager_health_metrics).not.toBeNull();
  sandbox.control.clock({ advanceMs: 5001 });
  expect(await shown()).toMatchObject({ manager_health_metrics: null, manager_connector_uptime: null });
  expect(sandbox.control.connector(id)).toMatchObject({ healthExpired: true, restarts: 2 });
});

test('a start in the future gives no uptime', async () => {
  const sandbox = await registered();
  const { id } = sandbox.control.add({ name: 'one', image: 'a/b:1' });
  await ask(sandbox, operations.health, health(id, new Date(Date.now() + 60_000).toISOString()));
  expect(sandbox.control.connector(id).uptime).toBeNull();
});

test.each(['', '2026-01-01', '2026-13-01T00:00:00Z', 'yesterday', '2026-01-01T00:00:00'])(
  'the start %j is no date',
  async (startedAt) => {
    const { errors } = await send(await registered(), operations.health, health('x', startedAt));
    expect(errors?.[0]?.extensions.code).toBe('BAD_USER_INPUT');
  },
);

test('what the manager called can be read back', async () => {
  const sandbox = await registered();
  await ask(sandbox, operations.list);
  await ask(sandbox, operations.logs, { input: { id: 'x', logs: ['1', '2'] } });
  expect(sandbox.control.calls().map(({ operation }) => operation)).toEqual([
    'registerConnectorsManager',
    'connectorsForManagers',
    'updateConnectorLogs',
  ]);
  expect(sandbox.control.calls({ connector: 'x' })).toMatchObject([{ detail: '2 lines' }]);
});
