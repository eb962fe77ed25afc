import { describe, expect, test } from 'vitest';
import type { Config } from '../../config/schema.ts';
import { loadConfig } from '../../config/load.ts';
import { baseDeployment, kubernetesHashed, kubernetesOptions } from '../../worker/kubernetes.ts';
import { folderWith, privateKey } from './config-support.ts';

const configOf = (env: Readonly<Record<string, string>> = {}): Config => {
  const cwd = folderWith({ 'key.pem': privateKey.toString() });
  const loaded = loadConfig({
    cwd,
    env: {
      MANAGER__ID: 'm1',
      MANAGER__CREDENTIALS_KEY_FILEPATH: 'key.pem',
      OPENCTI__TOKEN: 'token-1',
      OPENCTI__URL: 'http://opencti:8080',
      OPENCTI__DAEMON__SELECTOR: 'kubernetes',
      OPENAEV__TOKEN: 'token-2',
      OPENAEV__URL: 'http://openaev:8080',
      OPENAEV__DAEMON__SELECTOR: 'kubernetes',
      ...env,
    },
  });
  return loaded.config;
};
const none = (): undefined => undefined;

describe('daemon.kubernetes', () => {
  test('by default: no base, IfNotPresent, the namespace of the account', () => {
    const o = kubernetesOptions(configOf(), 'opencti', none, {});
    expect(o).toMatchObject({ pullPolicy: 'IfNotPresent', startTimeout: 300_000, registry: { suffix: '' } });
    expect(o.base).toBeUndefined();
    expect(o.namespace).toBeUndefined();
    expect(o.kubeconfig).toBeUndefined();
  });

  test('everything set reaches the runtime', () => {
    const config = configOf({
      OPENCTI__DAEMON__KUBERNETES__NAMESPACE: 'cti',
      OPENCTI__DAEMON__KUBERNETES__IMAGE_PULL_POLICY: 'Always',
      OPENCTI__DAEMON__KUBERNETES__IMAGE_RESOURCES: '{"limits":{"memory":"512Mi"}}',
      OPENCTI__DAEMON__KUBERNETES__BASE_DEPLOYMENT_JSON: '{"spec":{"revisionHistoryLimit":3}}',
    });
    expect(kubernetesOptions(config, 'opencti', none, { KUBECONFIG: '/etc/kube' })).toMatchObject({
      namespace: 'cti',
      pullPolicy: 'Always',
      resources: { limits: { memory: '512Mi' } },
      base: { spec: { revisionHistoryLimit: 3 } },
      kubeconfig: '/etc/kube',
    });
  });

  test('the object stands over the text', () => {
    const config = configOf({
      OPENCTI__DAEMON__KUBERNETES__BASE_DEPLOYMENT: '{"spec":{"revisionHistoryLimit":1}}',
      OPENCTI__DAEMON__KUBERNETES__BASE_DEPLOYMENT_JSON: '{"spec":{"revisionHistoryLimit":3}}',
    });
    expect(baseDeployment('opencti', config.opencti.daemon.kubernetes)).toEqual({ spec: { revisionHistoryLimit: 1 } });
  });

  test('a base that can be none names key and member', () => {
    const config = configOf({ OPENCTI__DAEMON__KUBERNETES__BASE_DEPLOYMENT_JSON: '{"kind":"Pod"}' });
    expect(() => kubernetesOptions(config, 'opencti', none, {})).toThrow(
      'opencti.daemon.kubernetes.base_deployment_json: kind must be Deployment',
    );
  });

  test.each([
    [{ OPENAEV__DAEMON__REGISTRY__USERNAME: 'other', OPENAEV__DAEMON__REGISTRY__PASSWORD: 'x' }, '-openaev'],
    [{}, ''],
  ])('two platforms on one registry (%j): suffix %j', (other, suffix) => {
    const config = configOf({
      OPENAEV__ENABLE: 'true',
      OPENCTI__DAEMON__REGISTRY__SERVER: 'r.example.com',
      OPENCTI__DAEMON__REGISTRY__USERNAME: 'u',
      OPENCTI__DAEMON__REGISTRY__PASSWORD: 'x',
      OPENAEV__DAEMON__REGISTRY__SERVER: 'r.example.com',
      OPENAEV__DAEMON__REGISTRY__USERNAME: 'u',
      OPENAEV__DAEMON__REGISTRY__PASSWORD: 'x',
      ...other,
    });
    expect(kubernetesOptions(config, 'openaev', none, {}).registry.suffix).toBe(suffix);
    expect(kubernetesOptions(config, 'opencti', none, {}).registry.suffix).toBe('');
  });

  test('the spec hash covers what reaches an object, defaults left out', () => {
    const hashed = kubernetesHashed('opencti', configOf().opencti.daemon.kubernetes);
    expect(Object.values(hashed).every((v) => v === undefined)).toBe(true);
    const always = configOf({ OPENCTI__DAEMON__KUBERNETES__IMAGE_PULL_POLICY: 'Always' });
    expect(kubernetesHashed('opencti', always.opencti.daemon.kubernetes)).toMatchObject({ pullPolicy: 'Always' });
  });
});
