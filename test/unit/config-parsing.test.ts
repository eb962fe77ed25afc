import { describe, expect, it } from 'vitest';
import { readConfig } from '../../config/read.ts';
import { allKeys } from '../../config/sources.ts';
import { isSensitive } from '../../model/mask.ts';
import { folderWith } from './config-support.ts';

const at = (value: unknown, path: string): unknown =>
  path.split('.').reduce<unknown>((here, name) => (here as Record<string, unknown> | undefined)?.[name], value);

/** Reads one variable, and says what its key became or why not. */
function variable(name: string, text: string): unknown {
  const { config, problems } = readConfig({ cwd: folderWith({}), env: { [name]: text } });
  const [problem] = problems;
  if (problem !== undefined) return problem.reason;
  return at(config, name.toLowerCase().replaceAll('__', '.'));
}

function yaml(text: string, path: string): unknown {
  const { config, problems } = readConfig({ cwd: folderWith({ 'config/default.yaml': text }), env: {} });
  return problems[0]?.reason ?? at(config, path);
}

describe('texts', () => {
  it.each(['00123', '1e5', '0x10', 'true', 'null', '~', ' spaces ', 'a,b', '[1]', '{"a":1}', '1.40', '2020-01-01'])(
    'keeps %j from the environment',
    (text) => expect(variable('MANAGER__NAME', text.padEnd(2, '.'))).toBe(text.padEnd(2, '.')),
  );
  it.each(['00123', '1e5', '0x10', 'true', 'yes', '1.40', '2020-01-01', '0o17', '.5', '12_000'])(
    'keeps %s unquoted in YAML',
    (text) => expect(yaml(`opencti:\n  token: ${text}\n`, 'opencti.token')).toBe(text),
  );
  it('takes an unquoted env_id', () => {
    expect(yaml('opencti: {daemon: {portainer: {env_id: 3}}}', 'opencti.daemon.portainer.env_id')).toBe('3');
  });
  it.each(['manager:\n  credentials_key:\n', 'manager: {credentials_key: ~}', 'manager: {credentials_key: ""}'])(
    'takes %j as not set',
    (text) => expect(yaml(text, 'manager.credentials_key')).toBeUndefined(),
  );
  it('refuses an empty text where one is needed', () => {
    expect(variable('MANAGER__ID', '')).toBe('is empty');
    expect(variable('MANAGER__ID', '  ')).toBe('is empty');
    expect(variable('MANAGER__NAME', 'x')).toBe('is shorter than 2 characters');
    expect(variable('OPENCTI__URL', '')).toBe('is empty');
  });
  it('takes an empty text as not set elsewhere', () => {
    expect(variable('MANAGER__CREDENTIALS_KEY_FILEPATH', '')).toBeUndefined();
    expect(variable('MANAGER__EXECUTE_SCHEDULE', '')).toBe(10);
    expect(variable('OPENCTI__ENABLE', '')).toBe(true);
    expect(variable('OPENCTI__DAEMON__SELECTOR', '')).toBe('kubernetes');
    expect(variable('OPENAEV__DAEMON__PORTAINER__STACK', '')).toBeUndefined();
  });
  it('refuses lists and tables', () => {
    expect(yaml('manager: {id: [a]}', 'manager.id')).toBe('is a list');
    expect(yaml('manager: {id: {a: b}}', 'manager.id')).toBe('is a table');
  });
});

describe('truths', () => {
  it.each(['true', 'TRUE', '1', 'on', 'On', 'yes', ' yes '])('%j is true', (text) =>
    expect(variable('OPENAEV__ENABLE', text)).toBe(true),
  );
  it.each(['false', 'False', '0', 'off', 'no', 'NO'])('%j is false', (text) =>
    expect(variable('OPENCTI__ENABLE', text)).toBe(false),
  );
  it.each(['2', 'enabled', 'y', 'constructor'])('%j is neither', (text) =>
    expect(variable('OPENCTI__ENABLE', text)).toBe('is neither true nor false'),
  );
});

describe('numbers', () => {
  it.each([
    ['MANAGER__EXECUTE_SCHEDULE', '1', 1],
    ['MANAGER__EXECUTE_SCHEDULE', ' 3600 ', 3600],
    ['MANAGER__EXECUTE_SCHEDULE', '007', 7],
    ['MANAGER__EXECUTE_SCHEDULE', '0', 'is less than 1'],
    ['MANAGER__EXECUTE_SCHEDULE', '3601', 'is more than 3600'],
    ['MANAGER__EXECUTE_SCHEDULE', '-1', 'is less than 1'],
    ['MANAGER__EXECUTE_SCHEDULE', '10s', 'is not a whole number'],
    ['MANAGER__EXECUTE_SCHEDULE', '1.5', 'is not a whole number'],
    ['MANAGER__EXECUTE_SCHEDULE', '1e2', 'is not a whole number'],
    ['MANAGER__PING_ALIVE_SCHEDULE', '4', 'is less than 5'],
    ['MANAGER__PING_ALIVE_SCHEDULE', '241', 'is more than 240'],
    ['MANAGER__HEALTH_SCHEDULE', '9', 'is less than 10'],
    ['MANAGER__LOG_TAIL_LINES', '2001', 'is more than 2000'],
    ['OPENCTI__REQUEST_TIMEOUT', '601', 'is more than 600'],
    ['MANAGER__ORPHANS__GUARD_RATIO', '0.5', 0.5],
    ['MANAGER__ORPHANS__GUARD_RATIO', '1.1', 'is more than 1'],
    ['OPENCTI__DAEMON__DOCKER__CPU_LIMIT', '1.5', 1.5],
    ['OPENCTI__DAEMON__DOCKER__CPU_LIMIT', 'two', 'is not a number'],
    ['OPENCTI__DAEMON__DOCKER__SHM_SIZE', '67108864', 67_108_864],
    ['OPENCTI__DAEMON__DOCKER__SHM_SIZE', '64m', 'is not a whole number'],
  ])('%s=%j gives %j', (name, text, value) => expect(variable(name, text)).toBe(value));
});

describe('lists', () => {
  const dns = 'OPENCTI__DAEMON__DOCKER__DNS';
  it.each([
    ['a,b', ['a', 'b']],
    [' a , b ,', ['a', 'b']],
    ['["a","b,c"]', ['a', 'b,c']],
    ['[1, 00]', 'begins like a JSON array but is none'],
    ['[007]', 'begins like a JSON array but is none'],
    ['[1.50, true]', ['1.50', 'true']],
    ['["a", ["b"]]', 'has an element 2 that is no text'],
    ['{"a":1}', ['{"a":1}']],
    ['', undefined],
  ])('%j gives %j', (text, value) => expect(variable(dns, text)).toEqual(value));
  it('takes indexed variables, numbers first and in their order', () => {
    const env = { [`${dns}__10`]: 'c', [`${dns}__2`]: 'b', [`${dns}__x`]: 'd', [`${dns}__0`]: 'a,1' };
    const { config } = readConfig({ cwd: folderWith({}), env });
    expect(config.opencti.daemon.docker.dns).toEqual(['a,1', 'b', 'c', 'd']);
  });
  it('takes YAML lists with their texts, and an empty one', () => {
    expect(yaml('manager: {previous_ids: [007, "b", ~]}', 'manager.previous_ids')).toEqual(['007', 'b']);
    expect(yaml('opencti: {daemon: {docker: {dns: []}}}', 'opencti.daemon.docker.dns')).toEqual([]);
  });
  it('takes a plain https_proxy_ca as one element', () => {
    const pem = '-----BEGIN CERTIFICATE-----\nAA,BB\n-----END CERTIFICATE-----\n';
    expect(variable('OPENCTI__HTTPS_PROXY_CA', pem)).toEqual([pem]);
    expect(variable('OPENCTI__HTTPS_PROXY_CA', '/a,b.pem')).toEqual(['/a,b.pem']);
    expect(variable('OPENCTI__HTTPS_PROXY_CA', '["/a.pem","/b.pem"]')).toEqual(['/a.pem', '/b.pem']);
    expect(yaml('opencti: {https_proxy_ca: /a.pem}', 'opencti.https_proxy_ca')).toEqual(['/a.pem']);
  });
});

describe('tables', () => {
  const sysctls = 'OPENCTI__DAEMON__DOCKER__SYSCTLS';
  it('takes JSON, keeping numbers as written', () => {
    expect(variable(sysctls, '{"net.core.somaxconn":1024,"a":"007","b":1.50}')).toEqual({
      'net.core.somaxconn': '1024',
      a: '007',
      b: '1.50',
    });
    expect(variable(sysctls, 'nonsense')).toBe('is not valid JSON');
    expect(variable(sysctls, '[]')).toBe('is a list');
  });
  it('takes one variable per entry, names in lower case, over JSON and file', () => {
    const cwd = folderWith({
      'config/default.yaml': 'opencti: {daemon: {docker: {sysctls: {kept: 1, changed: 1}}}}',
    });
    const env = {
      [sysctls]: '{"changed":2,"again":2}',
      [`${sysctls}__AGAIN`]: '3',
      [`${sysctls}__net.ipv4.IP_forward`]: '1',
    };
    const { config, problems } = readConfig({ cwd, env });
    expect(problems).toEqual([]);
    expect(config.opencti.daemon.docker.sysctls).toEqual({
      kept: '1',
      changed: '2',
      again: '3',
      'net.ipv4.ip_forward': '1',
    });
  });
  it('takes resources', () => {
    const resources = 'OPENCTI__DAEMON__KUBERNETES__IMAGE_RESOURCES';
    const { config } = readConfig({
      cwd: folderWith({}),
      env: { [`${resources}__LIMITS__MEMORY`]: '512Mi', [`${resources}__REQUESTS__CPU`]: '1' },
    });
    expect(config.opencti.daemon.kubernetes.image_resources).toEqual({
      limits: { memory: '512Mi' },
      requests: { cpu: '1' },
    });
    expect(variable(resources, '{"limit":{"memory":"1Gi"}}')).toBe('has other entries than limits and requests');
  });
  it('takes complete ulimits only', () => {
    const ulimits = 'OPENCTI__DAEMON__DOCKER__ULIMITS';
    expect(variable(ulimits, '[{"name":"nofile","soft":1024,"hard":"2048"}]')).toEqual([
      { name: 'nofile', soft: 1024, hard: 2048 },
    ]);
    expect(variable(ulimits, '[{"name":"nofile","soft":1024}]')).toBe('at 0.hard is missing or of another type');
    expect(
      yaml(
        'opencti: {daemon: {docker: {ulimits: [{name: core, soft: 0, hard: -1}]}}}',
        'opencti.daemon.docker.ulimits',
      ),
    ).toEqual([{ name: 'core', soft: 0, hard: -1 }]);
  });
  it('takes a Deployment with its own types', () => {
    const base = 'OPENCTI__DAEMON__KUBERNETES__BASE_DEPLOYMENT';
    const deployment = { spec: { replicas: 1, paused: false, name: '1', list: [{ a: null }] } };
    expect(variable(base, JSON.stringify(deployment))).toEqual(deployment);
    expect(variable(`${base}_JSON`, '{"a":1}')).toBe('{"a":1}');
    expect(variable(`${base}_JSON`, '{"a":')).toBe('is not a JSON object');
    expect(variable(base, '[]')).toBe('is not an object');
    expect(
      yaml(
        'opencti: {daemon: {kubernetes: {base_deployment: {spec: {replicas: 1, a: yes, b: "1"}}}}}',
        'opencti.daemon.kubernetes.base_deployment',
      ),
    ).toEqual({ spec: { replicas: 1, a: 'yes', b: '1' } });
    expect(
      yaml('opencti: {daemon: {kubernetes: {base_deployment: }}}', 'opencti.daemon.kubernetes.base_deployment'),
    ).toBeUndefined();
  });
});

describe('addresses', () => {
  it.each([
    ['OPENCTI__URL', 'http://opencti:8080/', 'http://opencti:8080'],
    ['OPENCTI__URL', 'https://host/base///', 'https://host/base'],
    ['OPENCTI__URL', 'opencti:8080', 'is not an http or https URL'],
    ['OPENCTI__URL', 'ftp://host', 'is not an http or https URL'],
    ['OPENCTI__URL', 'https://u:p@host', 'holds a user or password; the token has a key of its own'],
    ['OPENCTI__URL', 'https://host/?a=b', 'holds a query or fragment'],
    ['OPENCTI__HTTP_PROXY', 'proxy:3128', 'proxy:3128'],
    ['OPENCTI__HTTP_PROXY', 'http://u:p@proxy:3128', 'http://u:p@proxy:3128'],
    ['OPENCTI__HTTP_PROXY', 'socks5://proxy:1080', 'is not the URL of a proxy'],
    ['OPENCTI__HTTP_PROXY', 'http://', 'is not the URL of a proxy'],
    ['OPENCTI__TOKEN', 'two words', 'is empty or holds a space, a line end or a character outside ASCII'],
    ['OPENCTI__DAEMON__DOCKER__HOST', 'tcp://host:2376', 'tcp://host:2376'],
    ['OPENCTI__DAEMON__DOCKER__HOST', 'unix:///run/d.sock', 'unix:///run/d.sock'],
    ['OPENCTI__DAEMON__DOCKER__HOST', 'ssh://host', 'is no address of a Docker engine'],
    ['OPENCTI__DAEMON__DOCKER__RESTART_POLICY', 'on-failure:3', 'on-failure:3'],
    ['OPENCTI__DAEMON__DOCKER__RESTART_POLICY', 'sometimes', 'is no restart policy'],
    ['TEMPORAL__ADDRESS', 'http://host:7233', 'is no host and port'],
    ['TEMPORAL__PAYLOAD_ENCRYPTION_KEY', 'short', 'is not 32 bytes in Base64'],
    ['OPENCTI__DAEMON__PORTAINER__ENV_TYPE', 'kubernetes', 'is not supported'],
    ['OPENCTI__DAEMON__KUBERNETES__IMAGE_PULL_POLICY', 'always', 'is not one of the known words'],
  ])('%s=%j gives %j', (name, text, value) => expect(variable(name, text)).toBe(value));
});

it('hides every key whose name says that it is a secret', () => {
  const open = allKeys.filter((key) => isSensitive(key.path.split('.').at(-1)!) && !key.info.secret);
  expect(open.map((key) => key.path)).toEqual([
    'manager.credentials_key_filepath',
    'manager.credentials_key_previous_filepaths',
  ]);
});
