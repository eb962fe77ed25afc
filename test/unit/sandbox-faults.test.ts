import { describe, expect, test, vi } from 'vitest';
import type { Sandbox } from '../../sandbox/server.ts';
import { adminToken, ask, list, open, operations, registered, send, sharedKeys, valueOf } from './sandbox-support.ts';

const raw = (sandbox: Sandbox, signal?: AbortSignal): Promise<Response> =>
  fetch(`${sandbox.url}/graphql`, {
    method: 'POST',
    headers: { authorization: `Bearer ${adminToken}`, 'content-type': 'application/json' },
    body: JSON.stringify({ query: operations.list }),
    ...(signal === undefined ? {} : { signal }),
  });

const three = async (): Promise<Sandbox> => {
  const sandbox = await registered();
  for (const name of ['one', 'two', 'three'])
    sandbox.control.add({ name, image: 'a/b:1', configuration: [{ key: 'K', value: 's3cret', secret: true }] });
  return sandbox;
};

describe('of one operation', () => {
  test('a proxy page with its status', async () => {
    const sandbox = await registered();
    sandbox.control.setFaults({ operations: { connectorsForManagers: { status: 503 } } });
    const response = await raw(sandbox);
    expect(response.status).toBe(503);
    expect(await response.text()).toMatch(/^<html>/);
    expect((await send(sandbox, operations.version)).errors).toBeUndefined();
  });

  test('a body that is no JSON', async () => {
    const sandbox = await registered();
    sandbox.control.setFaults({ operations: { '*': { garbage: true } } });
    const response = await raw(sandbox);
    expect(response.status).toBe(200);
    await expect(response.json()).rejects.toThrow(SyntaxError);
  });

  test('a dropped connection', async () => {
    const sandbox = await registered();
    sandbox.control.setFaults({ operations: { '*': { drop: true } } });
    await expect(raw(sandbox)).rejects.toThrow('fetch failed');
  });

  test('silence, which ends with the sandbox at the latest', async () => {
    const sandbox = await registered();
    const left = (): number | undefined => sandbox.control.faults().operations?.['*']?.times;
    sandbox.control.setFaults({ operations: { '*': { hang: true, times: 9 } } });
    await expect(raw(sandbox, AbortSignal.timeout(50))).rejects.toThrow(/timeout|aborted/i);
    const silent = expect(raw(sandbox)).rejects.toThrow('fetch failed');
    await vi.waitFor(() => expect(left()).toBe(7));
    sandbox.control.setFaults({ operations: { '*': { hang: null, delayMs: 3_600_000 } } });
    const delayed = expect(raw(sandbox)).rejects.toThrow('fetch failed');
    await vi.waitFor(() => expect(left()).toBe(6));
    await sandbox.close();
    await Promise.all([silent, delayed]);
  });

  test('a delay', async () => {
    const sandbox = await registered();
    sandbox.control.setFaults({ operations: { about: { delayMs: 60 } } });
    const before = performance.now();
    await ask(sandbox, operations.version);
    expect(performance.now() - before).toBeGreaterThan(55);
  });

  test('a GraphQL error of choice', async () => {
    const sandbox = await registered();
    const error = { code: 'LOCK_ERROR', message: 'Execution timeout', httpStatus: 500, genre: 'BUSINESS' };
    sandbox.control.setFaults({ operations: { connectorsForManagers: { error } } });
    expect(await send(sandbox, operations.list)).toMatchObject({
      status: 200,
      data: { connectorsForManagers: null },
      errors: [
        {
          message: 'Execution timeout',
          path: ['connectorsForManagers'],
          extensions: { code: 'LOCK_ERROR', data: { http_status: 500, genre: 'BUSINESS' } },
        },
      ],
    });
  });

  test('that wears off', async () => {
    const sandbox = await registered();
    sandbox.control.setFaults({ operations: { connectorsForManagers: { status: 502, times: 2 } } });
    const statuses = [];
    for (let i = 0; i < 3; i++) statuses.push((await raw(sandbox)).status);
    expect(statuses).toEqual([502, 502, 200]);
    expect(sandbox.control.faults().operations).toEqual({});
  });

  test('that spoils only the answer: what was done stays done', async () => {
    const sandbox = await registered();
    const { id } = sandbox.control.add({ name: 'one', image: 'a/b:1' });
    sandbox.control.setFaults({ operations: { updateConnectorCurrentStatus: { drop: true, after: true } } });
    await expect(send(sandbox, operations.status, { input: { id, status: 'started' } })).rejects.toThrow(
      'fetch failed',
    );
    expect(sandbox.control.connector(id).current).toBe('started');
  });
});

describe('of the listing', () => {
  test('null, empty, partial, exactly 500', async () => {
    const sandbox = await three();
    const seen = async (listing: object): Promise<unknown> => {
      sandbox.control.setFaults({ listing });
      return (await ask(sandbox, operations.list))['connectorsForManagers'];
    };
    expect(await seen({ mode: 'null' })).toBeNull();
    expect(await seen({ mode: 'empty' })).toEqual([]);
    expect(await seen({ mode: 'partial', first: 2 })).toMatchObject([{ name: 'one' }, { name: 'two' }]);
    const full = (await seen({ mode: 'full' })) as Record<string, unknown>[];
    expect(full).toHaveLength(500);
    expect(new Set(full.map(({ id }) => id)).size).toBe(500);
    expect(full.slice(3).every((record) => record['manager_contract_image'] === '')).toBe(true);
    sandbox.control.clearFaults();
    expect(await list(sandbox)).toHaveLength(3);
  });

  test('one record with null fields, one without an id', async () => {
    const sandbox = await three();
    sandbox.control.setFaults({
      listing: { nullFields: { one: ['name', 'manager_contract_hash'] }, missingFields: { two: ['id'] } },
    });
    const [one, two, other] = await list(sandbox);
    expect(one).toMatchObject({ name: null, manager_contract_hash: null });
    expect(two).not.toHaveProperty('id');
    expect(other).toMatchObject({ name: 'three', id: expect.any(String) });
  });

  test('secrets that do not open, or are not there; the hash changes, the other connectors do not', async () => {
    const sandbox = await three();
    const before = await list(sandbox);
    sandbox.control.setFaults({ listing: { corruptSecrets: ['one'], nullSecrets: ['two'] } });
    const [one, two, other] = await list(sandbox);
    expect(() => open(sharedKeys.privateKey, valueOf(one, 'K')?.['value'] as string)).toThrow();
    expect(one?.['manager_contract_hash']).not.toBe(before[0]?.['manager_contract_hash']);
    expect(valueOf(two, 'K')).toEqual({ key: 'K', value: null, encrypted: true });
    expect(other).toEqual(before[2]);
  });

  test('an empty image, and names as odd as they come', async () => {
    const sandbox = await three();
    const names = { one: 'Ünsanitised  Name', two: 'x'.repeat(80), three: 'Ünsanitised  Name' };
    sandbox.control.setFaults({ listing: { emptyImages: ['*'], names } });
    const records = await list(sandbox);
    expect(records.map((record) => record['name'])).toEqual(Object.values(names));
    expect(records.map((record) => record['manager_contract_image'])).toEqual(['', '', '']);
    expect(valueOf(records[0], 'CONNECTOR_NAME')?.['value']).toBe(names.one);
  });
});

describe('of the schema', () => {
  test.each([
    ['health', operations.health, 'updateConnectorHealth'],
    ['logs', operations.logs, 'updateConnectorLogs'],
  ] as const)('a platform without %s', async (feature, query, field) => {
    const sandbox = await registered();
    sandbox.control.setFaults({ missingFeatures: [feature] });
    const { errors } = await send(sandbox, query, { input: {} });
    const first = errors?.find(({ message }) => message.startsWith(`Cannot query field "${field}" on type "Mutation"`));
    expect(first?.extensions.code).toBe('GRAPHQL_VALIDATION_FAILED');
    sandbox.control.clearFaults();
    expect((await send(sandbox, query, { input: {} })).errors?.[0]?.extensions.code).toBe('BAD_USER_INPUT');
  });

  test('a platform that is too old for keys', async () => {
    const sandbox = await registered();
    sandbox.control.setFaults({ missingFeatures: ['public_key'] });
    const input = { id: 'manager-1', name: 'Test', public_key: sharedKeys.pkcs1 };
    const { errors } = await send(sandbox, operations.register, { input });
    expect(errors?.[0]).toMatchObject({ extensions: { code: 'BAD_USER_INPUT' } });
    expect(errors?.[0]?.message).toContain('"public_key" is not defined by type "RegisterConnectorsManagerInput"');
  });
});

test('switches merge, null switches off, and a typo is refused', async () => {
  const { control } = await registered();
  control.setFaults({ listing: { mode: 'empty', emptyImages: ['a'] }, operations: { about: { status: 500 } } });
  control.setFaults({ listing: { mode: null } });
  expect(control.faults()).toEqual({ listing: { emptyImages: ['a'] }, operations: { about: { status: 500 } } });
  control.setFaults({ operations: null });
  expect(control.faults()).toEqual({ listing: { emptyImages: ['a'] } });
  expect(() => control.setFaults({ operations: { nope: {} } })).toThrow('no such operation');
  expect(() => control.setFaults({ speed: 1 } as never)).toThrow();
  expect(control.faults()).toEqual({ listing: { emptyImages: ['a'] } });
});
