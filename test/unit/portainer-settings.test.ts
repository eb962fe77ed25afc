import { describe, expect, test } from 'vitest';
import { specHash } from '../../activities/spec.ts';
import { loadConfig } from '../../config/load.ts';
import type { Config } from '../../config/schema.ts';
import { agreedVersion } from '../../runtimes/portainer/version.ts';
import { configuredOne } from '../../worker/platforms.ts';
import { portainerHashed, portainerOptions } from '../../worker/portainer.ts';
import { folderWith, privateKey } from './config-support.ts';

const load = (env: Readonly<Record<string, string>> = {}) =>
  loadConfig({
    cwd: folderWith({ 'key.pem': privateKey.toString() }),
    env: {
      MANAGER__ID: 'm1',
      MANAGER__CREDENTIALS_KEY_FILEPATH: 'key.pem',
      OPENCTI__TOKEN: 'token-1',
      OPENCTI__URL: 'http://opencti:8080',
      OPENCTI__DAEMON__SELECTOR: 'portainer',
      OPENCTI__DAEMON__PORTAINER__API_KEY: 'ptr_key',
      OPENAEV__TOKEN: 'token-2',
      OPENAEV__URL: 'http://openaev:8080',
      OPENAEV__DAEMON__SELECTOR: 'portainer',
      OPENAEV__DAEMON__PORTAINER__API_KEY: 'ptr_other',
      ...env,
    },
  });
const configOf = (env: Readonly<Record<string, string>> = {}): Config => load(env).config;
const silent = { debug: () => undefined, info: () => undefined, warn: () => undefined, error: () => undefined };

describe('daemon.portainer', () => {
  test('the defaults of the shipped file, each platform its own', () => {
    const config = configOf();
    expect(portainerOptions(config, 'opencti', {})).toEqual({
      api: 'https://host.docker.internal:9443',
      apiKey: 'ptr_key',
      environment: '3',
      environmentType: 'docker',
      apiVersion: 'v1.44',
      unsecuredCertificate: false,
      answerMs: 30_000,
      timeoutMs: 120_000,
      pullConcurrency: config.manager.pull_concurrency,
      hostOptions: expect.any(Object) as object,
    });
    expect(portainerOptions(config, 'openaev', {})).toMatchObject({
      api: 'https://localhost:9443',
      apiKey: 'ptr_other',
      stack: 'opencti-dev',
      hostOptions: { networkMode: 'opencti-dev_default' },
    });
  });

  test('everything set reaches the runtime', () => {
    const pem = '-----BEGIN CERTIFICATE-----\nx\n-----END CERTIFICATE-----';
    const config = configOf({
      OPENCTI__DAEMON__PORTAINER__API: 'https://portainer.example/sub',
      OPENCTI__DAEMON__PORTAINER__ENV_ID: '12',
      OPENCTI__DAEMON__PORTAINER__API_VERSION: 'v1.41',
      OPENCTI__DAEMON__PORTAINER__STACK: 'cti',
      OPENCTI__DAEMON__PORTAINER__UNSECURED_CERTIFICATE: 'true',
      OPENCTI__DAEMON__PORTAINER__CA: pem,
      OPENCTI__DAEMON__PORTAINER__TIMEOUT: '200',
      OPENCTI__DAEMON__PORTAINER__REGISTRY_ID: '7',
      OPENCTI__DAEMON__DOCKER__STOP_TIMEOUT: '20',
      OPENCTI__DAEMON__DOCKER__DNS: '192.0.2.53',
    });
    expect(portainerOptions(config, 'opencti', {})).toMatchObject({
      api: 'https://portainer.example/sub',
      environment: '12',
      apiVersion: 'v1.41',
      stack: 'cti',
      unsecuredCertificate: true,
      ca: pem,
      answerMs: 200_000,
      timeoutMs: 220_000,
      registryId: 7,
      stopTimeout: 20,
      hostOptions: { dns: ['192.0.2.53'] },
    });
  });

  test('its network stands over that of docker, which counts where it has none', () => {
    const docker = { OPENCTI__DAEMON__DOCKER__NETWORK_MODE: 'of-docker' };
    expect(portainerOptions(configOf(docker), 'opencti', {}).hostOptions.networkMode).toBe('of-docker');
    const both = configOf({ ...docker, OPENCTI__DAEMON__PORTAINER__NETWORK_MODE: 'of-portainer' });
    expect(portainerOptions(both, 'opencti', {}).hostOptions.networkMode).toBe('of-portainer');
  });

  test('the proxies of the process, not those of the platform', () => {
    const config = configOf({ OPENCTI__HTTPS_PROXY: 'http://of-the-platform:1', OPENCTI__WITH_PROXY: 'true' });
    const env = { https_proxy: 'proxy.example:3128' };
    expect(portainerOptions(config, 'opencti', {}).proxy).toBeUndefined();
    expect(portainerOptions(config, 'opencti', env).proxy?.href).toBe('http://proxy.example:3128/');
    expect(portainerOptions(config, 'opencti', { ...env, NO_PROXY: 'docker.internal' }).proxy).toBeUndefined();
  });

  test('another kind of environment is a fault of the section', () => {
    const loaded = load({ OPENCTI__DAEMON__PORTAINER__ENV_TYPE: 'kubernetes' });
    const problems = loaded.ok ? loaded.unusable.flatMap((u) => u.problems) : loaded.problems;
    expect(problems).toMatchObject([{ path: 'opencti.daemon.portainer.env_type', value: 'kubernetes' }]);
  });

  test('the section makes a runtime, and its pull policy counts', () => {
    const config = configOf({ OPENCTI__DAEMON__PORTAINER__PULL_POLICY: 'missing' });
    const loaded = load();
    const site = configuredOne(config, 'opencti', ['opencti'], loaded.ok ? loaded.keys : [], {}, silent);
    expect(site.runtime.kind).toBe('portainer');
    expect(site.settings.pullPolicy).toBe('missing');
    site.runtime.close();
  });
});

describe('the spec hash', () => {
  const hashOf = (env: Readonly<Record<string, string>> = {}): string =>
    specHash({ image: 'x:1', urls: {}, options: portainerHashed(configOf(env).opencti.daemon) });

  test.each([
    ['stack', { OPENCTI__DAEMON__PORTAINER__STACK: 'cti' }],
    ['network_mode', { OPENCTI__DAEMON__PORTAINER__NETWORK_MODE: 'net' }],
    ['an option of docker', { OPENCTI__DAEMON__DOCKER__DNS: '192.0.2.53' }],
  ])('covers %s', (_what, env) => {
    expect(hashOf(env)).not.toBe(hashOf());
  });

  test.each([
    ['the key', { OPENCTI__DAEMON__PORTAINER__API_KEY: 'ptr_new' }],
    ['the address', { OPENCTI__DAEMON__PORTAINER__API: 'https://elsewhere' }],
    ['time and version', { OPENCTI__DAEMON__PORTAINER__TIMEOUT: '9', OPENCTI__DAEMON__PORTAINER__API_VERSION: '1.41' }],
  ])('does not cover %s', (_what, env) => {
    expect(hashOf(env)).toBe(hashOf());
  });

  test('is that of Docker where no stack is set: going over to Portainer replaces nothing', () => {
    const loaded = load();
    const hashes = ['portainer', 'docker'].map((selector) => {
      const config = configOf({
        OPENCTI__DAEMON__SELECTOR: selector,
        OPENCTI__DAEMON__DOCKER__NETWORK_MODE: 'net',
      });
      const site = configuredOne(config, 'opencti', ['opencti'], loaded.ok ? loaded.keys : [], {}, silent);
      site.runtime.close();
      return site.settings.specHash('x:1');
    });
    expect(hashes[0]).toBe(hashes[1]);
  });
});

test.each([
  ['v1.44', '1.47', '1.24', 'v1.44'],
  ['v1.44', '1.41', '1.12', 'v1.41'],
  ['1.41', '1.52', '1.44', 'v1.44'],
  ['1.9', '1.41', undefined, 'v1.9'],
  ['v2.0', '1.52', '1.44', 'v1.52'],
])('configured %s, an engine of %s down to %s: %s', (own, ApiVersion, least, agreed) => {
  const spoken = { ApiVersion, ...(least === undefined ? {} : { MinAPIVersion: least }) };
  expect(agreedVersion(own, spoken)).toBe(agreed);
});
