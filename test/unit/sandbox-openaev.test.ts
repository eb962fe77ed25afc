import { describe, expect, test } from 'vitest';
import { instanceHash } from '../../sandbox/openaev/hash.ts';
import { adminToken, sandboxWith } from './sandbox-support.ts';

const call = async (url: string, method: string, path: string, body?: object, token = adminToken) => {
  const response = await fetch(`${url}/api/${path}`, {
    method,
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  const text = await response.text();
  return { status: response.status, text, json: (): unknown => JSON.parse(text) };
};

describe('the stand-in OpenAEV', () => {
  test('hashes as the platform does', () => {
    expect(
      instanceHash('openaev/collector-crowdstrike:2.4.0', [
        { key: 'CROWDSTRIKE_CLIENT_ID', value: 'abc' },
        { key: 'COLLECTOR_PERIOD', value: 'PT1M' },
        { key: 'COLLECTOR_ID', value: '11111111-2222-4333-8444-555555555555' },
      ]),
    ).toBe('91e6a12fe86b3d070b944c2a54b4ba8ac929765430bb5a2828fad92280ef6646');
  });

  test('takes any text for a key, and fails when it has to encrypt with it', async () => {
    const { url, control } = await sandboxWith();
    const body = { id: 'm', name: 'Manager', public_key: '-----BEGIN RSA PUBLIC KEY-----' };
    expect((await call(url, 'POST', 'xtm-composer/register', body)).json()).toEqual({
      xtm_composer_id: 'm',
      xtm_composer_version: '3.260728.0',
    });
    const secret = [{ key: 'SHODAN_API_KEY', value: 'x' }];
    expect(() => control.openaev.add({ name: 'Shodan', slug: 'openaev_shodan', configuration: secret })).toThrow('key');
    expect((await call(url, 'POST', 'xtm-composer/register', { ...body, name: ' ' })).status).toBe(400);
  });

  test('knows one manager: the last one; before any, a ping is a server error', async () => {
    const { url } = await sandboxWith();
    expect((await call(url, 'PUT', 'xtm-composer/m/refresh-connectivity')).status).toBe(500);
    for (const id of ['m', 'n']) await call(url, 'POST', 'xtm-composer/register', { id, name: 'M', public_key: 'k' });
    const refused = await call(url, 'PUT', 'xtm-composer/m/refresh-connectivity');
    expect([refused.status, (refused.json() as { message: string }).message]).toEqual([
      400,
      'Invalid xtm-composer identifier',
    ]);
    expect((await call(url, 'PUT', 'xtm-composer/n/refresh-connectivity')).status).toBe(200);
    expect((await call(url, 'GET', 'xtm-composer/reachable')).text).toBe('true');
  });

  test('keeps log elements as a set, trimmed, the newest of them, and answers with nothing', async () => {
    const { url, control } = await sandboxWith();
    await call(url, 'POST', 'xtm-composer/register', { id: 'm', name: 'M', public_key: 'k' });
    const { id } = control.openaev.add({ name: 'Nmap', slug: 'openaev_nmap' });
    const push = (...lines: readonly string[]) =>
      call(url, 'POST', `xtm-composer/m/connector-instances/${id}/logs`, { connector_instance_logs: lines });
    expect(await push(',a', ' a ', '', 'b\nc')).toMatchObject({ status: 200, text: '' });
    expect(control.openaev.connector(id).logs).toEqual(['a', 'b', 'c']);
    control.openaev.setRules({ logsKept: 2 });
    await push('d');
    expect(control.openaev.connector(id).logs).toEqual(['b', 'c', 'd']);
    expect(
      (await call(url, 'POST', 'xtm-composer/m/connector-instances/none/logs', { connector_instance_logs: [] })).status,
    ).toBe(404);
  });

  test('a user adds, configures, starts, and deletes only what is stopped', async () => {
    const { url } = await sandboxWith();
    await call(url, 'POST', 'xtm-composer/register', { id: 'm', name: 'M', public_key: 'k' });
    const made = await call(url, 'POST', 'connector-instances', { catalog_connector_id: 'openaev_nmap' });
    const { connector_instance_id: id, ...rest } = made.json() as Record<string, string>;
    expect(rest).toMatchObject({
      connector_instance_current_status: 'stopped',
      connector_instance_requested_status: 'stopping',
    });
    const of = (method: string, what: string, body?: object) =>
      call(url, method, `connector-instances/${id}${what}`, body);
    const before = (await of('GET', '')).json() as Record<string, string>;
    await of('PUT', '/configurations', {
      connector_instance_configurations: [{ configuration_key: 'INJECTOR_LOG_LEVEL', configuration_value: 'debug' }],
    });
    const after = (await of('GET', '')).json() as Record<string, string>;
    expect(after['connector_instance_hash']).not.toBe(before['connector_instance_hash']);
    expect(after['connector_instance_name']).toBe(before['connector_instance_name']);
    expect((await of('PUT', '/requested-status', { connector_instance_requested_status: 'running' })).status).toBe(400);
    expect((await of('PUT', '/requested-status', { connector_instance_requested_status: 'starting' })).status).toBe(
      200,
    );
    await call(url, 'PUT', `xtm-composer/m/connector-instances/${id}/status`, {
      connector_instance_current_status: 'started',
    });
    expect((await of('DELETE', '')).status).toBe(400);
    await call(url, 'PUT', `xtm-composer/m/connector-instances/${id}/status`, {
      connector_instance_current_status: 'stopped',
    });
    expect((await of('DELETE', '')).status).toBe(200);
    expect((await of('GET', '')).status).toBe(404);
  });

  test('asks for the rights of the platform', async () => {
    const { url, control } = await sandboxWith();
    const reader = control.addToken({ name: 'reader', capabilities: ['CATALOG_READ'] });
    expect((await call(url, 'GET', 'settings/version')).text).toBe('3.260728.0');
    expect((await call(url, 'GET', 'settings/version', undefined, reader)).status).toBe(403);
    expect((await call(url, 'GET', 'settings/version', undefined, 'nobody')).status).toBe(401);
    expect((await call(url, 'GET', 'xtm-composer/reachable', undefined, reader)).status).toBe(200);
  });
});
