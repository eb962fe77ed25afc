import { describe, expect, test } from 'vitest';
import { contractHash } from '../../sandbox/hash.ts';
import {
  ask,
  list,
  newKeys,
  open,
  operations,
  register,
  registered,
  sandboxWith,
  send,
  sharedKeys,
  valueOf,
} from './sandbox-support.ts';

describe('manager', () => {
  test('registering answers with the platform version, and doing it again is harmless', async () => {
    const sandbox = await sandboxWith();
    const reply = { data: { registerConnectorsManager: { id: 'manager-1', about_version: '7.260817.0' } } };
    expect(await register(sandbox)).toMatchObject(reply);
    expect(await register(sandbox)).toMatchObject(reply);
    expect(sandbox.control.managers()).toHaveLength(1);
  });

  test('a second manager is refused, unless the platform is old', async () => {
    const sandbox = await registered();
    expect((await register(sandbox, sharedKeys, 'manager-2')).errors).toMatchObject([
      {
        message: 'Only one connector manager is supported per instance',
        path: ['registerConnectorsManager'],
        extensions: { code: 'UNSUPPORTED_ERROR', data: { http_status: 500, genre: 'BUSINESS', id: 'manager-2' } },
      },
    ]);
    sandbox.control.setRules({ singleManager: false });
    expect((await register(sandbox, sharedKeys, 'manager-2')).errors).toBeUndefined();
  });

  test.each([
    ['a blank name', { name: '   ' }, 'BAD_USER_INPUT'],
    ['a name of one letter', { name: 'x' }, 'BAD_USER_INPUT'],
    ['a key that is none', { public_key: 'hello' }, 'FUNCTIONAL_ERROR'],
  ])('%s is refused', async (_name, change, code) => {
    const sandbox = await sandboxWith();
    const input = { id: 'manager-1', name: 'Test manager', public_key: sharedKeys.spki, ...change };
    expect((await send(sandbox, operations.register, { input })).errors?.[0]?.extensions.code).toBe(code);
    expect(sandbox.control.managers()).toEqual([]);
  });

  test('a ping shows the version of the moment, and five silent minutes make the manager inactive', async () => {
    const sandbox = await registered();
    sandbox.control.upgrade('7.999999.0');
    const ping = await ask(sandbox, operations.ping, { input: { id: 'manager-1' } });
    expect(ping['updateConnectorManagerStatus']).toEqual({ id: 'manager-1', about_version: '7.999999.0' });
    const active = async (): Promise<unknown> => await ask(sandbox, '{ connectorManagers { active } }');
    expect(await active()).toEqual({ connectorManagers: [{ active: true }] });
    sandbox.control.clock({ advanceMs: 5 * 60_000 });
    expect(await active()).toEqual({ connectorManagers: [{ active: false }] });
  });

  test('a manager that was forgotten must register again', async () => {
    const sandbox = await registered();
    sandbox.control.forgetManagers();
    const { errors } = await send(sandbox, operations.ping, { input: { id: 'manager-1' } });
    expect(errors?.[0]?.message).toBe('Cant find element to update');
    expect((await register(sandbox)).errors).toBeUndefined();
  });
});

describe('contract hash', () => {
  const image = 'opencti/connector-mitre:6.9.0';
  const configuration = [
    ['MITRE_INTERVAL', '7'],
    ['CONNECTOR_ID', '11111111-2222-4333-8444-555555555555'],
    ['CONNECTOR_NAME', 'mitre-att-ck'],
    ['CONNECTOR_TYPE', 'EXTERNAL_IMPORT'],
    ['OPENCTI_TOKEN', 'tok'],
    ['HTTPS_PROXY_REJECT_UNAUTHORIZED', 'true'],
  ].map(([key, value]) => ({ key: key ?? '', value: value ?? '' }));

  test.each([
    ['2026-01-02T03:04:05.678Z', '73c2f89c'],
    [undefined, 'ea6f83f6'],
  ])('with state %s it is %s', (state, hash) => expect(contractHash(image, configuration, state)).toBe(hash));

  test('stays the same over listings and changes with everything that is part of it', async () => {
    const sandbox = await registered();
    const { control } = sandbox;
    const { id } = control.add({
      name: 'one',
      image: 'a/b:1',
      configuration: [{ key: 'K', value: 's3cret', secret: true }],
    });
    const hash = async (): Promise<unknown> => (await list(sandbox))[0]?.['manager_contract_hash'];
    const seen = [await hash()];
    expect(await hash()).toBe(seen[0]);
    control.start(id);
    await ask(sandbox, operations.status, { input: { id, status: 'started' } });
    expect(await hash()).toBe(seen[0]);
    const changes: (() => unknown)[] = [
      () => control.edit(id, { name: 'two' }),
      () => control.edit(id, { image: 'a/b:2' }),
      () => control.edit(id, { configuration: [{ key: 'K', value: 's3cret', secret: true }] }),
      () => control.reset(id),
      () => control.rotateTokens(),
      () => control.setRules({ proxy: { HTTP_PROXY: 'http://proxy' } }),
      () => control.clock({ advanceMs: 8 * 24 * 3_600_000 }),
    ];
    for (const change of changes) {
      change();
      const next = await hash();
      expect(seen).not.toContain(next);
      seen.push(next);
    }
  });
});

describe('listing', () => {
  test('shows own entries, then identity and token, then proxy keys, without duplicates', async () => {
    const sandbox = await registered({
      rules: { proxy: { NO_PROXY: 'localhost', HTTPS_PROXY_REJECT_UNAUTHORIZED: 'true' } },
    });
    const configuration = { CONNECTOR_NAME: 'Mine', NO_PROXY: 'mine', FIRST: '1' };
    const { id } = sandbox.control.add({ name: 'one', image: 'a/b:1', type: 'STREAM', configuration });
    const [record] = await list(sandbox);
    expect(record).toMatchObject({
      id,
      name: 'one',
      manager_contract_image: 'a/b:1',
      manager_current_status: null,
      manager_requested_status: 'stopped',
    });
    expect(record?.['manager_contract_hash']).toMatch(/^[0-9a-f]{8}$/);
    expect(record?.['manager_contract_configuration']).toEqual([
      { key: 'FIRST', value: '1', encrypted: null },
      { key: 'CONNECTOR_ID', value: id, encrypted: null },
      { key: 'CONNECTOR_NAME', value: 'one', encrypted: null },
      { key: 'CONNECTOR_TYPE', value: 'STREAM', encrypted: null },
      { key: 'OPENCTI_TOKEN', value: expect.stringMatching(/^A[g-v]/), encrypted: true },
      { key: 'NO_PROXY', value: 'localhost', encrypted: null },
      { key: 'HTTPS_PROXY_REJECT_UNAUTHORIZED', value: 'true', encrypted: null },
    ]);
  });

  test('an old platform sends the token in clear, and no proxy keys', async () => {
    const sandbox = await registered({ rules: { encryptToken: false, proxy: null } });
    sandbox.control.add({ name: 'one', image: 'a/b:1' });
    const [record] = await list(sandbox);
    expect(valueOf(record, 'OPENCTI_TOKEN')).toMatchObject({
      encrypted: null,
      value: expect.stringMatching(/^[0-9a-f-]{36}$/),
    });
    expect(record?.['manager_contract_configuration']).toHaveLength(4);
    sandbox.control.setRules({ encryptToken: true });
    const [after] = await list(sandbox);
    const sealed = valueOf(after, 'OPENCTI_TOKEN')?.['value'] as string;
    expect(open(sharedKeys.privateKey, sealed)).toBe(valueOf(record, 'OPENCTI_TOKEN')?.['value']);
  });

  test('a rotated token is another token, and every plaintext is known to the sandbox alone', async () => {
    const sandbox = await registered();
    sandbox.control.add({ name: 'one', image: 'a/b:1' });
    const token = async (): Promise<string> =>
      open(sharedKeys.privateKey, valueOf((await list(sandbox))[0], 'OPENCTI_TOKEN')?.['value'] as string);
    const before = await token();
    sandbox.control.rotateTokens();
    const after = await token();
    expect(after).not.toBe(before);
    expect(sandbox.control.secrets()).toEqual([before, after]);
  });

  test('values keep their old key when a new one is registered', async () => {
    const sandbox = await registered();
    sandbox.control.add({ name: 'one', image: 'a/b:1', configuration: [{ key: 'K', value: 'old', secret: true }] });
    const [before] = await list(sandbox);
    await register(sandbox, newKeys());
    expect(await list(sandbox)).toEqual([before]);
  });

  test('at most 500 records are shown', async () => {
    const sandbox = await registered();
    for (let i = 0; i < 501; i++) sandbox.control.add({ name: `c${i}`, image: 'a/b:1' });
    expect(await list(sandbox)).toHaveLength(500);
  });
});

const secret = (key: string) => ({ key, value: 'v', secret: true });

describe('envelopes', () => {
  const texts = ['', 'hello', 's3cret-é ✓ 日本', 'x'.repeat(64 * 1024)];

  test.each([2048, 3072, 4096])('of a %i-bit key open in both versions, mixed in one list', async (bits) => {
    const keys = newKeys(bits);
    const sandbox = await sandboxWith();
    const input = { id: 'manager-1', name: 'Test manager', public_key: bits === 3072 ? keys.spki : keys.pkcs1 };
    await ask(sandbox, operations.register, { input });
    const configuration = texts.flatMap((value, index) =>
      ([1, 2] as const).map((envelope) => ({ key: `V${envelope}_${index}`, value, secret: true, envelope })),
    );
    sandbox.control.add({ name: 'one', image: 'a/b:1', configuration });
    const [record] = await list(sandbox);
    for (const { key, value, envelope } of configuration) {
      const shown = valueOf(record, key);
      expect(shown?.['encrypted']).toBe(true);
      const bytes = Buffer.from(shown?.['value'] as string, 'base64');
      expect(bytes[0]).toBe(envelope);
      expect(bytes).toHaveLength(1 + bits / 8 + Buffer.byteLength(value) + 16);
      expect(open(keys.privateKey, shown?.['value'] as string)).toBe(value);
    }
  });

  test('new values follow the rule, stored ones stay', async () => {
    const sandbox = await registered({ rules: { envelopeVersion: 1 } });
    const { id } = sandbox.control.add({ name: 'one', image: 'a/b:1', configuration: [secret('OLD')] });
    sandbox.control.setRules({ envelopeVersion: 2 });
    sandbox.control.edit(id, { configuration: [{ ...secret('OLD'), value: '' }, secret('NEW')] });
    const [record] = await list(sandbox);
    const version = (key: string): number | undefined =>
      Buffer.from(valueOf(record, key)?.['value'] as string, 'base64')[0];
    expect([version('OLD'), version('NEW'), version('OPENCTI_TOKEN')]).toEqual([1, 2, 2]);
  });
});
