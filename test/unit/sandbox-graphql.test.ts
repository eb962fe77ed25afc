import { describe, expect, test } from 'vitest';
import { type Answer, adminToken, operations, register, registered, sandboxWith, send } from './sandbox-support.ts';

const post = (url: string, body: string): Promise<Response> =>
  fetch(`${url}/graphql`, {
    method: 'POST',
    headers: { authorization: `Bearer ${adminToken}`, 'content-type': 'application/json' },
    body,
  });

describe('protocol', () => {
  test('errors come with HTTP 200, message, path, code and data', async () => {
    const answer = await send(await sandboxWith(), operations.ping, { input: { id: 'nobody' } });
    expect(answer).toMatchObject({
      status: 200,
      data: { updateConnectorManagerStatus: null },
      errors: [
        {
          message: 'Cant find element to update',
          path: ['updateConnectorManagerStatus'],
          extensions: {
            code: 'FUNCTIONAL_ERROR',
            data: { http_status: 400, genre: 'BUSINESS', id: 'nobody', type: 'ConnectorManager' },
          },
        },
      ],
    });
  });

  test('an error in a field that is never null makes the whole data null', async () => {
    const sandbox = await sandboxWith();
    const answer = await send(sandbox, 'mutation { deleteConnector(id: "x") }');
    expect(answer.data).toBeNull();
    expect(answer.errors?.[0]?.extensions.data).toMatchObject({ id: 'x', type: 'Connector' });
  });

  test.each([
    ['an unknown query field', '{ nope }', 'Cannot query field "nope" on type "Query".', 'GRAPHQL_VALIDATION_FAILED'],
    [
      'an unknown mutation',
      'mutation { brew }',
      'Cannot query field "brew" on type "Mutation".',
      'GRAPHQL_VALIDATION_FAILED',
    ],
    ['text that is no GraphQL', '{ about', 'Syntax Error: Expected Name, found <EOF>.', 'GRAPHQL_PARSE_FAILED'],
  ])('%s is refused in the words of graphql', async (_name, query, message, code) => {
    const { status, errors } = await send(await sandboxWith(), query);
    expect(status).toBe(200);
    expect(errors).toMatchObject([{ message, extensions: { code } }]);
  });

  test('a variable that does not fit its type is the bad input of the user', async () => {
    const { errors, data } = await send(await sandboxWith(), operations.status, {
      input: { id: 'x', status: 'sleeping' },
    });
    expect(errors?.[0]?.extensions.code).toBe('BAD_USER_INPUT');
    expect(data).toBeUndefined();
  });

  test.each([
    ['query twice', '{ a: about { version } b: about { version } }', true],
    ['query three times', '{ a: about { version } b: about { version } c: about { version } }', false],
    [
      'query three times through a fragment',
      '{ a: about { version } ...More } fragment More on Query { b: about { version } c: about { version } }',
      false,
    ],
    [
      'mutation twice',
      'mutation { a: updateConnectorLogs(input: { id: "1", logs: [] }) b: updateConnectorLogs(input: { id: "2", logs: [] }) }',
      false,
    ],
    [
      'two different mutations',
      'mutation { updateConnectorLogs(input: { id: "1", logs: [] }) updateConnectorHealth(input: { id: "2", restart_count: 0, started_at: "2026-01-01T00:00:00Z", is_in_reboot_loop: false }) }',
      true,
    ],
  ])('the same field as %s: allowed %#', async (_name, query, allowed) => {
    const { errors } = await send(await sandboxWith(), query);
    if (allowed) expect(errors).toBeUndefined();
    else expect(errors?.[0]?.message).toMatch(/^Allowed number of calls for '(Query|Mutation)->\w+' has been exceeded/);
  });

  test('a query that is too deep or too long is refused', async () => {
    const sandbox = await sandboxWith();
    const long = `{ ${'about { version } '.repeat(700)} }`;
    expect((await send(sandbox, long)).errors?.[0]?.message).toMatch(/token/);
    const deep = `{ ${'a { '.repeat(25)} b ${'} '.repeat(25)} }`;
    const messages = (await send(sandbox, deep)).errors?.map(({ message }) => message).join();
    expect(messages).toMatch(/depth limit of 20/);
  });

  test('the schema is not shown', async () => {
    const { errors } = await send(await sandboxWith(), '{ __schema { types { name } } }');
    expect(errors).toMatchObject([
      { message: 'GraphQL introspection not authorized!', extensions: { code: 'FORBIDDEN_ACCESS' } },
    ]);
  });

  test('a body that is no JSON, or no query, is 400', async () => {
    const { url } = await sandboxWith();
    expect((await post(url, '{')).status).toBe(400);
    expect((await post(url, '{}')).status).toBe(400);
  });

  test('the platform may live under a base path', async () => {
    const sandbox = await sandboxWith({ basePath: '/opencti/' });
    expect(sandbox.url).toMatch(/\/opencti$/);
    expect((await send(sandbox, operations.version)).data).toEqual({ about: { version: '7.260817.0' } });
    expect((await post(sandbox.origin, '{}')).status).toBe(404);
  });
});

const code = (answer: Answer): string | undefined => answer.errors?.[0]?.extensions.code;

describe('rights', () => {
  test.each([
    ['no token', ''],
    ['an unknown token', 'wrong'],
  ])('%s must log in', async (_name, token) => {
    const answer = await send(await sandboxWith(), operations.version, {}, token);
    expect(answer).toMatchObject({
      status: 200,
      data: { about: null },
      errors: [
        {
          message: 'You must be logged in to do this.',
          extensions: { code: 'AUTH_REQUIRED', data: { http_status: 401, genre: 'TECHNICAL' } },
        },
      ],
    });
  });

  test('a connector token may report but not list', async () => {
    const sandbox = await registered();
    const token = sandbox.control.addToken({ name: 'connector', capabilities: ['CONNECTORAPI'] });
    expect(await send(sandbox, operations.list, {}, token)).toMatchObject({
      data: { connectorsForManagers: null },
      errors: [
        {
          message: 'You are not allowed to do this.',
          path: ['connectorsForManagers'],
          extensions: { code: 'FORBIDDEN_ACCESS', data: { http_status: 403, genre: 'TECHNICAL' } },
        },
      ],
    });
    expect(code(await send(sandbox, operations.logs, { input: { id: 'x', logs: [] } }, token))).toBeUndefined();
    expect(code(await send(sandbox, operations.version, {}, token))).toBeUndefined();
  });

  test.each([
    ['SETTINGS_SETACCESSES', operations.list, {}],
    ['CONNECTORAPI', operations.ping, { input: { id: 'manager-1' } }],
    ['MODULES', '{ connectorManagers { id } }', {}],
    ['MODULES_MODMANAGE', operations.request, { input: { id: 'x', status: 'starting' } }],
    ['INGESTION', '{ catalogs { id } }', {}],
  ])('%s opens its operation and nothing else does', async (right, query, variables) => {
    const sandbox = await registered();
    const all = ['SETTINGS_SETACCESSES', 'CONNECTORAPI', 'MODULES_MODMANAGE', 'INGESTION'];
    const others = all.filter((held) => !held.includes(right));
    const without = sandbox.control.addToken({ name: 'without', capabilities: others });
    const holding = sandbox.control.addToken({ name: 'holding', capabilities: [`X_${right}_Y`] });
    expect(code(await send(sandbox, query, variables, without))).toBe('FORBIDDEN_ACCESS');
    expect(code(await send(sandbox, query, variables, holding))).not.toBe('FORBIDDEN_ACCESS');
  });

  test('BYPASS opens everything', async () => {
    const sandbox = await sandboxWith();
    const token = sandbox.control.addToken({ name: 'root', capabilities: ['BYPASS'] });
    expect(code(await send(sandbox, operations.list, {}, token))).toBeUndefined();
  });

  test('a right can be taken away from everybody', async () => {
    const sandbox = await registered();
    sandbox.control.setFaults({ missingRights: ['CONNECTORAPI'] });
    expect(code(await register(sandbox))).toBe('FORBIDDEN_ACCESS');
    sandbox.control.clearFaults();
    expect(code(await register(sandbox))).toBeUndefined();
  });
});
