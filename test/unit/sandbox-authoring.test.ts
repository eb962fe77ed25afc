import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Sandbox } from '../../sandbox/server.ts';
import { sanitiseName } from '../../sandbox/names.ts';
import {
  type Answer,
  ask,
  list,
  open,
  operations,
  registered,
  sandboxWith,
  send,
  sharedKeys,
  valueOf,
} from './sandbox-support.ts';

const entries = (values: Readonly<Record<string, string>>) =>
  Object.entries(values).map(([key, value]) => ({ key, value }));

const ipinfo = (change: Readonly<Record<string, unknown>> = {}) => ({
  input: {
    name: 'My IPinfo (beta)',
    user_id: '[C] My IPinfo',
    automatic_user: true,
    catalog_id: 'filigran-catalog-id',
    manager_contract_image: 'opencti/connector-ipinfo',
    manager_contract_configuration: entries({ IPINFO_TOKEN: 's3cret', CONNECTOR_SCOPE: 'IPv4-Addr, IPv6-Addr' }),
    ...change,
  },
});

const add = (sandbox: Sandbox, change?: Readonly<Record<string, unknown>>): Promise<Answer> =>
  send(sandbox, operations.add, ipinfo(change));

describe('adding', () => {
  test('sanitises the name, fills defaults, encrypts secrets, and asks for nothing yet', async () => {
    const sandbox = await registered();
    const { data } = await add(sandbox);
    expect(data).toMatchObject({ managedConnectorAdd: { name: 'my-ipinfo-beta' } });
    const [record] = await list(sandbox);
    expect(record).toMatchObject({
      name: 'my-ipinfo-beta',
      manager_contract_image: 'opencti/connector-ipinfo:7.260817.0',
      manager_current_status: null,
      manager_requested_status: 'stopped',
    });
    expect(valueOf(record, 'CONNECTOR_SCOPE')).toMatchObject({ value: 'IPv4-Addr,IPv6-Addr', encrypted: null });
    expect(valueOf(record, 'CONNECTOR_AUTO')).toMatchObject({ value: 'true' });
    expect(valueOf(record, 'CONNECTOR_TYPE')).toMatchObject({ value: 'INTERNAL_ENRICHMENT' });
    const sealed = valueOf(record, 'IPINFO_TOKEN');
    expect(sealed?.['encrypted']).toBe(true);
    expect(open(sharedKeys.privateKey, sealed?.['value'] as string)).toBe('s3cret');
  });

  test.each<[string, Readonly<Record<string, unknown>>, string, string]>([
    ['an unknown image', { manager_contract_image: 'x/y' }, 'UNSUPPORTED_ERROR', 'Target contract not found'],
    [
      'a connector no manager can run',
      { manager_contract_image: 'opencti/connector-export-file-stix' },
      'FUNCTIONAL_ERROR',
      'You have not chosen a connector supported by the manager',
    ],
    ['no user', { user_id: 'x' }, 'FUNCTIONAL_ERROR', 'You have not chosen a user responsible for data creation'],
    ['an unknown user', { user_id: 'nobody', automatic_user: false }, 'UNSUPPORTED_ERROR', 'Connector user not found'],
    ['a name of nothing', { name: '(é)' }, 'FUNCTIONAL_ERROR', 'Invalid connector name'],
    ['a name that is taken', { name: 'TAKEN' }, 'FUNCTIONAL_ERROR', 'CONNECTOR_NAME_ALREADY_EXISTS'],
    [
      'a wrong configuration',
      { manager_contract_configuration: entries({ NOPE: '1', IPINFO_MAX_TLP: 'TLP:BLUE', CONNECTOR_AUTO: 'yes' }) },
      'UNSUPPORTED_ERROR',
      [
        'Invalid contract configuration for IPinfo:',
        '- NOPE: is not part of the contract',
        '- IPINFO_TOKEN: is required',
        '- CONNECTOR_AUTO: must be true or false',
        '- IPINFO_MAX_TLP: must be one of TLP:CLEAR, TLP:GREEN, TLP:AMBER, TLP:AMBER+STRICT, TLP:RED',
      ].join('\n'),
    ],
  ])('%s is refused', async (_name, change, code, message) => {
    const sandbox = await registered();
    sandbox.control.add({ name: 'taken', image: 'a/b:1' });
    const { errors } = await add(sandbox, change);
    expect(errors).toMatchObject([{ message, path: ['managedConnectorAdd'], extensions: { code } }]);
    expect(sandbox.control.connectors()).toHaveLength(1);
  });

  test('needs a licence, a manager, and a platform that is new enough, asked in this order', async () => {
    const sandbox = await sandboxWith({ rules: { enterprise: false, platformVersion: '5.5.9' } });
    const why = async (): Promise<string | undefined> => (await add(sandbox)).errors?.[0]?.message;
    expect(await why()).toBe('Enterprise edition is not enabled');
    sandbox.control.setRules({ enterprise: true });
    expect(await why()).toBe('This connector is not compatible with the platform version');
    sandbox.control.setRules({ platformVersion: '6.8.0' });
    expect(await why()).toBe('There is no connector manager configured');
  });

  test.each([
    ['MITRE_INTERVAL', '0', 'must be greater than 0'],
    ['MITRE_INTERVAL', '1.5', 'must be an integer'],
    ['CONNECTOR_LOG_LEVEL', 'loud', 'must be one of'],
    ['OPENCTI_TOKEN', 'mine', 'is not part of the contract'],
    ['DEMO_CRASH_AFTER', '-1', 'must be at least 0'],
  ])('%s=%s %s', async (key, value, message) => {
    const sandbox = await registered();
    expect(() => sandbox.control.add({ name: 'one', slug: 'mitre', configuration: { [key]: value } })).toThrow(message);
  });

  test.each([
    ['ALIENVAULT_BASE_URL', 'not a url', 'must be a valid uri'],
    ['CONNECTOR_DURATION_PERIOD', '30 minutes', 'must be a valid duration'],
  ])('%s=%s %s', async (key, value, message) => {
    const sandbox = await registered();
    const configuration = { ALIENVAULT_API_KEY: 'k', [key]: value };
    expect(() => sandbox.control.add({ name: 'one', slug: 'alienvault', configuration })).toThrow(message);
  });

  test('a fault in a secret does not quote it', async () => {
    const sandbox = await registered();
    const { errors } = await add(sandbox, {
      manager_contract_configuration: entries({ IPINFO_TOKEN: 's3cret', CONNECTOR_AUTO: 's3cret' }),
    });
    expect(JSON.stringify(errors)).not.toContain('s3cret');
  });

  test.each([
    ['Étoile (beta)', 'toile-beta'],
    ['multiple   spaces', 'multiple-spaces'],
    ['--Dots.and.DASHES--', 'dots-and-dashes'],
    ['x'.repeat(80), 'x'.repeat(63)],
  ])('%j becomes %j', (name, sanitised) => expect(sanitiseName(name)).toBe(sanitised));
});

test('whatever is typed, a sanitised name is fit for a container', () =>
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme' }), (name) => /^([a-z0-9][a-z0-9-]{0,62})?$/.test(sanitiseName(name))),
  ));

describe('editing', () => {
  test('neither sanitises the name nor asks whether it is taken', async () => {
    const sandbox = await registered();
    sandbox.control.add({ name: 'taken', image: 'a/b:1' });
    const id = (await add(sandbox)).data?.['managedConnectorAdd'].id as string;
    for (const name of ['taken', 'Odd Näme!'])
      expect(
        await ask(sandbox, operations.edit, {
          input: { id, name, title: name, connector_user_id: 'u', manager_contract_configuration: [] },
        }),
      ).toMatchObject({ managedConnectorEdit: { id, name } });
  });

  test('a secret left empty or unchanged keeps its ciphertext, a new one gets a new one', async () => {
    const sandbox = await registered();
    const id = (await add(sandbox)).data?.['managedConnectorAdd'].id as string;
    const sealed = async (): Promise<string> => valueOf((await list(sandbox))[0], 'IPINFO_TOKEN')?.['value'] as string;
    const save = (value: string): Promise<unknown> =>
      ask(sandbox, operations.edit, {
        input: {
          id,
          name: 'n1',
          title: 't',
          connector_user_id: 'u',
          manager_contract_configuration: entries({ IPINFO_TOKEN: value }),
        },
      });
    const first = await sealed();
    await save('');
    expect(await sealed()).toBe(first);
    await save(first);
    expect(await sealed()).toBe(first);
    await save('s3cret');
    expect(await sealed()).not.toBe(first);
    expect(open(sharedKeys.privateKey, await sealed())).toBe('s3cret');
  });

  test('an unknown connector cannot be edited', async () => {
    const sandbox = await registered();
    const input = { id: 'x', name: 'nn', title: 't', connector_user_id: 'u', manager_contract_configuration: [] };
    expect((await send(sandbox, operations.edit, { input })).errors?.[0]?.message).toBe('Cant find element to update');
  });
});

test('requested status, reset and delete follow the user alone', async () => {
  const sandbox = await registered();
  const { id } = sandbox.control.add({ name: 'one', image: 'a/b:1' });
  for (const status of ['starting', 'stopping'])
    expect(await ask(sandbox, operations.request, { input: { id, status } })).toEqual({
      updateConnectorRequestedStatus: { id, manager_requested_status: status },
    });
  const { errors } = await send(sandbox, operations.request, { input: { id, status: 'stopped' } });
  expect(errors?.[0]?.extensions.code).toBe('BAD_USER_INPUT');
  expect(await ask(sandbox, 'mutation($id: ID!) { resetStateConnector(id: $id) { id } }', { id })).toBeTruthy();
  expect(await ask(sandbox, 'mutation($id: ID!) { deleteConnector(id: $id) }', { id })).toEqual({
    deleteConnector: id,
  });
  expect(await list(sandbox)).toEqual([]);
});

test('the catalogue is offered as JSON texts', async () => {
  const sandbox = await registered();
  const { catalogs, contract } = await ask(
    sandbox,
    '{ catalogs { id contracts } contract(slug: "ipinfo") { catalog_id contract } }',
  );
  expect(catalogs[0].contracts.map((text: string) => JSON.parse(text).slug)).toContain('mitre');
  const properties = JSON.parse(contract.contract).config_schema.properties;
  expect(properties.IPINFO_TOKEN).toMatchObject({ format: 'password', writeOnly: true });
  expect(properties.DEMO_CRASH_AFTER).not.toHaveProperty('format');
});

describe('demo connectors', () => {
  test('appear once, with the first registration, and with the demo image', async () => {
    const sandbox = await registered({ demo: true, image: 'cadenza/demo-connector:1' });
    const connectors = sandbox.control.connectors();
    expect(connectors.map(({ name, requested }) => `${name} ${requested}`)).toEqual([
      'mitre-att-ck starting',
      'ipinfo starting',
      'alienvault starting',
      'nist-nvd-cve starting',
      'misp starting',
      'shodan-internetdb stopped',
      'demo-crash-loop starting',
    ]);
    expect(new Set(connectors.map(({ image }) => image))).toEqual(new Set(['cadenza/demo-connector:1']));
    sandbox.control.remove('misp');
    await ask(sandbox, operations.ping, { input: { id: 'manager-1' } });
    sandbox.control.forgetManagers();
    await ask(sandbox, operations.register, { input: { id: 'm2', name: 'Other', public_key: sharedKeys.spki } });
    expect(sandbox.control.connectors()).toHaveLength(6);
  });

  test('carry secrets that open', async () => {
    const sandbox = await registered({ demo: true });
    const sealed = (await list(sandbox)).flatMap((record) =>
      (record['manager_contract_configuration'] as { encrypted: boolean | null; value: string }[]).filter(
        (e) => e.encrypted,
      ),
    );
    expect(sealed).toHaveLength(4 + 7);
    const opened = sealed.map(({ value }) => open(sharedKeys.privateKey, value));
    expect(opened.toSorted()).toEqual(sandbox.control.secrets().toSorted());
  });
});
