import { createPrivateKey } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { loadConfig } from '../../config/load.ts';
import type { Config } from '../../config/schema.ts';
import { allKeys } from '../../config/sources.ts';
import { specHash } from '../../activities/spec.ts';
import type { Spec } from '../../runtimes/runtime.ts';
import { hostLine, serviceSpec } from '../../runtimes/swarm/spec.ts';
import { configuredOne, dockerAddress } from '../../worker/platforms.ts';
import { swarmHashed, swarmOptions } from '../../worker/swarm.ts';
import { folderWith, privateKey } from './config-support.ts';
import { connectorId } from './swarm-support.ts';

const prefix = 'OPENCTI__DAEMON__SWARM__';
const configOf = (env: Readonly<Record<string, string>> = {}): Config =>
  loadConfig({
    cwd: folderWith({ 'key.pem': privateKey }),
    env: {
      MANAGER__ID: 'm1',
      MANAGER__CREDENTIALS_KEY_FILEPATH: 'key.pem',
      OPENCTI__TOKEN: 'token-1',
      OPENCTI__URL: 'http://opencti:8080',
      OPENCTI__DAEMON__SELECTOR: 'swarm',
      OPENCTI__DAEMON__SWARM__PULL_POLICY: 'always',
      ...env,
    },
  }).config;
const optionsOf = (config: Config) => swarmOptions(config, 'opencti', { timeoutMs: 1_000 }, () => undefined);

const spec: Spec = {
  connectorId,
  name: 'mitre',
  image: 'opencti/connector-mitre:6.9.0',
  env: [
    { key: 'CONNECTOR_ID', value: connectorId, sensitive: false },
    { key: 'OPENCTI_TOKEN', value: 'a=b', sensitive: true },
  ],
  labels: { 'opencti-manager': 'm1', 'opencti-connector-id': connectorId, 'cadenza-spec-hash': 's1' },
  contractHash: 'h1',
  specHash: 's1',
};
const place = { replicas: 1, force: 4, image: `${spec.image}@sha256:aa` } as const;
const built = (env: Readonly<Record<string, string>> = {}, where = {}) =>
  serviceSpec(spec, optionsOf(configOf(env)).service, { ...place, ...where });
const hash = (env: Readonly<Record<string, string>> = {}): string =>
  specHash({ image: '', urls: {}, options: swarmHashed(configOf(env).opencti.daemon.swarm) });

/** Key, its value as a variable, and what of the task it becomes. */
const table: readonly (readonly [string, string, object])[] = [
  ['network', 'backend', { Networks: [{ Target: 'backend' }] }],
  [
    'extra_hosts',
    'db:10.0.0.1,six:fd00::1,10.0.0.2 old',
    { ContainerSpec: { Hosts: ['10.0.0.1 db', 'fd00::1 six', '10.0.0.2 old'] } },
  ],
  ['dns', '10.0.0.3', { ContainerSpec: { DNSConfig: { Nameservers: ['10.0.0.3'] } } }],
  ['dns_search', 'a.example,b.example', { ContainerSpec: { DNSConfig: { Search: ['a.example', 'b.example'] } } }],
  ['cap_add', 'NET_RAW', { ContainerSpec: { CapabilityAdd: ['NET_RAW'] } }],
  ['cap_drop', 'ALL', { ContainerSpec: { CapabilityDrop: ['ALL'] } }],
  ['sysctls', '{"net.core.somaxconn":"1024"}', { ContainerSpec: { Sysctls: { 'net.core.somaxconn': '1024' } } }],
  [
    'ulimits',
    '[{"name":"nofile","soft":1,"hard":2}]',
    { ContainerSpec: { Ulimits: [{ Name: 'nofile', Soft: 1, Hard: 2 }] } },
  ],
  ['hostname', 'box', { ContainerSpec: { Hostname: 'box' } }],
  ['user', '1000:1000', { ContainerSpec: { User: '1000:1000' } }],
  ['read_only', 'true', { ContainerSpec: { ReadOnly: true } }],
  ['init', 'false', { ContainerSpec: { Init: false } }],
  ['stop_grace_period', '30000000000', { ContainerSpec: { StopGracePeriod: 30_000_000_000 } }],
  ['resources.cpu_limit', '500000000', { Resources: { Limits: { NanoCPUs: 500_000_000 } } }],
  ['resources.memory_limit', '1048576', { Resources: { Limits: { MemoryBytes: 1_048_576 } } }],
  ['resources.cpu_reservation', '1', { Resources: { Reservations: { NanoCPUs: 1 } } }],
  ['resources.memory_reservation', '2', { Resources: { Reservations: { MemoryBytes: 2 } } }],
  ['placement_constraints', 'node.role==worker', { Placement: { Constraints: ['node.role==worker'] } }],
  [
    'placement_preferences',
    'node.labels.zone',
    { Placement: { Preferences: [{ Spread: { SpreadDescriptor: 'node.labels.zone' } }] } },
  ],
  ['restart_condition', 'on-failure', { RestartPolicy: { Condition: 'on-failure' } }],
  ['restart_delay', '7', { RestartPolicy: { Delay: 7 } }],
  ['restart_max_attempts', '3', { RestartPolicy: { MaxAttempts: 3 } }],
];
const variable = (key: string): string => prefix + key.toUpperCase().replaceAll('.', '__');

describe('daemon.swarm', () => {
  test('every key is in the table below; the pull policy alone reaches no service', () => {
    const known = allKeys.map((k) => k.path).filter((path) => path.startsWith('opencti.daemon.swarm.'));
    const covered = ['pull_policy', ...table.map(([key]) => key)].map((key) => `opencti.daemon.swarm.${key}`);
    expect(covered.toSorted()).toEqual(known.toSorted());
  });

  test.each(table)('%s = %s', (key, value, expected) => {
    const env = { [variable(key)]: value };
    const plain = built().TaskTemplate;
    expect(built(env).TaskTemplate).toEqual({
      ...plain,
      ...expected,
      ContainerSpec: {
        ...plain.ContainerSpec,
        ...('ContainerSpec' in expected ? (expected.ContainerSpec as object) : {}),
      },
    });
    expect(hash(env)).not.toBe(hash());
  });

  test.each([
    ['PULL_POLICY', 'never'],
    ['RESTART_CONDITION', 'any'],
    ['RESTART_CONDITION', 'whatever'],
    ['RESTART_MAX_ATTEMPTS', '0'],
    ['READ_ONLY', 'false'],
    ['DNS', '[]'],
  ])('%s = %s is no change of a service', (key, value) => expect(hash({ [prefix + key]: value })).toBe(hash()));

  test('two ways to write a host are one', () => {
    const key = `${prefix}EXTRA_HOSTS`;
    expect(hash({ [key]: 'db:10.0.0.1' })).toBe(hash({ [key]: '10.0.0.1 db' }));
    expect(['db:10.0.0.1', ' db:fd00::1 ', 'fd00::1 db'].map(hostLine)).toEqual([
      '10.0.0.1 db',
      'fd00::1 db',
      'fd00::1 db',
    ]);
  });
});

describe('the service', () => {
  test('labels on itself alone, one task with order kept, replaced stop first and rolled back', () => {
    const change = { Parallelism: 1, Order: 'stop-first', Monitor: 5_000_000_000 };
    expect(built()).toEqual({
      Name: 'mitre',
      Labels: spec.labels,
      TaskTemplate: {
        ContainerSpec: { Image: place.image, Env: [`CONNECTOR_ID=${connectorId}`, 'OPENCTI_TOKEN=a=b'] },
        ForceUpdate: 4,
      },
      Mode: { Replicated: { Replicas: 1 } },
      UpdateConfig: { ...change, FailureAction: 'rollback' },
      RollbackConfig: { ...change, FailureAction: 'pause' },
    });
  });

  test('a CA comes as a config, stopped is no replica', () => {
    const ca = { ConfigID: 'c1', ConfigName: 'xtm-proxy-ca-opencti-1' };
    const s = built({}, { ca, replicas: 0 });
    expect(s.TaskTemplate.ContainerSpec?.Configs).toEqual([ca]);
    expect(s.Mode).toEqual({ Replicated: { Replicas: 0 } });
  });
});

describe('the worker on a Swarm', () => {
  const log = { debug: () => undefined, info: () => undefined, warn: () => undefined, error: () => undefined };

  test.each(['backoff', 'stop', 'flag'] as const)('loops are answered by %s; no name changes in place', (action) => {
    const config = configOf({ MANAGER__REBOOT_LOOP__ACTION: action, [`${prefix}PULL_POLICY`]: 'missing' });
    const site = configuredOne(config, 'opencti', ['opencti'], [createPrivateKey(privateKey)], {}, log);
    expect(site.runtime.kind).toBe('swarm');
    expect(site.settings).toMatchObject({ pullPolicy: 'missing', policy: { loopAction: action, renames: false } });
    site.runtime.close();
  });

  test('the engine is the one of daemon.docker', () => {
    const config = configOf({
      MANAGER__START_TIMEOUT: '42',
      OPENCTI__DAEMON__DOCKER__HOST: 'tcp://manager:2376',
      OPENCTI__DAEMON__DOCKER__TIMEOUT: '7',
    });
    const address = dockerAddress(config.opencti.daemon.docker, { DOCKER_HOST: 'tcp://other:2376' });
    expect(swarmOptions(config, 'opencti', address, () => undefined)).toMatchObject({
      host: 'tcp://manager:2376',
      timeoutMs: 7_000,
      startTimeout: 42_000,
    });
  });
});
