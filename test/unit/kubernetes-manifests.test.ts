import { describe, expect, test } from 'vitest';
import { deploymentOf } from '../../runtimes/kubernetes/deployment.ts';
import {
  caSecretName,
  envSecretName,
  isLabelValue,
  registrySecretName,
  slugify,
} from '../../runtimes/kubernetes/names.ts';
import type { Deployment, ManagedFields } from '../../runtimes/kubernetes/objects.ts';
import { takeOver } from '../../runtimes/kubernetes/ownership.ts';
import { caSecret, envSecret, registrySecret } from '../../runtimes/kubernetes/secrets.ts';
import { connectorId, deployment, spec } from './kubernetes-support.ts';

const place = { replicas: 1, deployedAt: '2026-01-01T00:00:00.000Z', envSecret: 'mitre-env-1' } as const;
const built = (changes = {}, placement = {}, options = {}): Deployment =>
  deploymentOf(spec(changes), { pullPolicy: 'IfNotPresent', ...options }, { ...place, ...placement });

describe('the Deployment', () => {
  test('labels on itself and its pods, hashes as annotations of both, the connector’s id alone in the selector', () => {
    const d = built();
    const labels = { 'opencti-manager': 'm1', 'opencti-connector-id': connectorId, 'opencti-platform': 'opencti' };
    expect(d.metadata).toEqual({
      name: 'mitre',
      labels,
      annotations: { OPENCTI_CONFIG_HASH: 'h1', 'cadenza-spec-hash': 's1' },
    });
    expect(d.spec.selector).toEqual({ matchLabels: { 'opencti-connector-id': connectorId } });
    expect(d.spec.template.metadata).toEqual({
      labels,
      annotations: {
        OPENCTI_CONFIG_HASH: 'h1',
        'cadenza-spec-hash': 's1',
        'cadenza-deployed-at': '2026-01-01T00:00:00.000Z',
      },
    });
    expect(d.spec.strategy).toEqual({ type: 'Recreate' });
    expect(d.spec.template.spec['enableServiceLinks']).toBe(false);
  });

  test('nothing secret in it; order kept', () => {
    const d = built();
    expect(JSON.stringify(d)).not.toContain('top-secret');
    expect(d.spec.template.spec.containers[0]?.env).toEqual([
      { name: 'CONNECTOR_ID', value: connectorId },
      { name: 'OPENCTI_TOKEN', valueFrom: { secretKeyRef: { name: 'mitre-env-1', key: 'OPENCTI_TOKEN' } } },
      { name: 'OPENCTI_CONFIG_HASH', value: 'h1' },
    ]);
  });

  test('plain values reach the process as they stand', () => {
    const d = built({ env: [{ key: 'A', value: '$(B) $$ $c', sensitive: false }] });
    expect(d.spec.template.spec.containers[0]?.env).toEqual([{ name: 'A', value: '$$(B) $$$$ $$c' }]);
  });

  test('pull policy, resources, CA and pull secret', () => {
    const d = built(
      {},
      { caSecret: 'mitre-proxy-ca', registrySecret: 'reg' },
      { pullPolicy: 'Always', resources: { limits: { memory: '512Mi' } } },
    );
    expect(d.spec.template.spec).toMatchObject({
      imagePullSecrets: [{ name: 'reg' }],
      volumes: [{ name: 'proxy-ca-cert', secret: { secretName: 'mitre-proxy-ca' } }],
      containers: [
        {
          imagePullPolicy: 'Always',
          resources: { limits: { memory: '512Mi' } },
          volumeMounts: [
            {
              name: 'proxy-ca-cert',
              mountPath: '/etc/ssl/certs/xtm-proxy-ca.crt',
              subPath: 'ca.crt',
              readOnly: true,
            },
          ],
        },
      ],
    });
  });

  test('the base may choose another strategy and service links', () => {
    const base = { spec: { strategy: { type: 'RollingUpdate' }, template: { spec: { enableServiceLinks: true } } } };
    const d = built({}, {}, { base });
    expect(d.spec.strategy).toEqual({ type: 'RollingUpdate' });
    expect(d.spec.template.spec['enableServiceLinks']).toBe(true);
  });

  test('an existing selector and hashes that are not confirmed yet stay', () => {
    const selector = { matchLabels: { 'opencti-manager': 'm1' } };
    const d = built({}, { selector, hashes: { OPENCTI_CONFIG_HASH: 'h0' } });
    expect(d.spec.selector).toEqual(selector);
    expect(d.metadata.annotations).toEqual({ OPENCTI_CONFIG_HASH: 'h0' });
    expect(d.spec.template.metadata?.annotations).toMatchObject({ OPENCTI_CONFIG_HASH: 'h1' });
  });
});

describe('the Secrets', () => {
  test('all sensitive values in one, named after its content', () => {
    const secret = envSecret(spec());
    expect(secret?.metadata.name).toMatch(/^mitre-env-[0-9a-f]{8}$/);
    expect(secret?.data).toEqual({ OPENCTI_TOKEN: Buffer.from('top-secret').toString('base64') });
    expect(secret?.metadata.labels).toMatchObject({ 'opencti-connector-id': connectorId, 'opencti-manager': 'm1' });
    const other = envSecret(spec({ env: [{ key: 'OPENCTI_TOKEN', value: 'another', sensitive: true }] }));
    expect(other?.metadata.name).not.toBe(secret?.metadata.name);
  });

  test('none without sensitive values', () => {
    expect(envSecret(spec({ env: [{ key: 'A', value: '1', sensitive: false }] }))).toBeUndefined();
  });

  test('a variable whose name is no key of a Secret is found again', () => {
    const env = [{ key: 'API KEY', value: 'v', sensitive: true }];
    expect(envSecret(spec({ env }))?.data).toEqual({ 'variable-0': Buffer.from('v').toString('base64') });
    expect(built({ env }).spec.template.spec.containers[0]?.env?.[0]?.valueFrom?.secretKeyRef?.key).toBe('variable-0');
  });

  test('the CA bundle', () => {
    expect(caSecret(spec(), 'mitre-proxy-ca', 'PEM').data).toEqual({ 'ca.crt': Buffer.from('PEM').toString('base64') });
  });

  test.each([
    ['registry.example.com:5000', ['registry.example.com:5000']],
    ['docker.io', ['docker.io', 'https://index.docker.io/v1/']],
  ])('registry credentials for %s', (server, keys) => {
    const secret = registrySecret(spec(), 'reg', { server, username: 'u', password: 'p:w' });
    const config = JSON.parse(Buffer.from(secret.data?.['.dockerconfigjson'] ?? '', 'base64').toString()) as {
      auths: Record<string, { auth: string }>;
    };
    expect(Object.keys(config.auths).toSorted()).toEqual(keys);
    expect(config.auths[server]).toEqual({
      username: 'u',
      password: 'p:w',
      auth: Buffer.from('u:p:w').toString('base64'),
    });
    expect(secret.type).toBe('kubernetes.io/dockerconfigjson');
  });
});

describe('names', () => {
  test.each([
    ['registry.example.com:5000', 'registry-example-com-5000'],
    ['https://Régistry.example.com/', 'https-registry-example-com'],
  ])('slug of %s', (text, slug) => expect(slugify(text)).toBe(slug));

  test('the second platform’s registry Secret has its own name', () => {
    expect(registrySecretName('r.example.com', '-openaev')).toBe('r-example-com-openaev');
  });

  test('the CA’s Secret is cut at 63, and made different where that cannot stand', () => {
    expect(caSecretName('mitre', connectorId)).toBe('mitre-proxy-ca');
    expect(caSecretName('x'.repeat(60), connectorId)).toBe(`${'x'.repeat(60)}-pr`);
    expect(caSecretName('x'.repeat(62), connectorId)).toMatch(/^x{54}-[0-9a-f]{8}$/);
    expect(caSecretName('mitre', connectorId, true)).toMatch(/^mitre-proxy-ca-[0-9a-f]{8}$/);
  });

  test('the variables’ Secret depends on name and content', () => {
    expect(envSecretName('a', '1')).not.toBe(envSecretName('a', '2'));
  });

  test.each([
    ['manager-1', true],
    ['', true],
    ['with space', false],
    ['x'.repeat(64), false],
    ['-a', false],
  ])('%j as a label: %s', (text, ok) => expect(isLabelValue(text)).toBe(ok));
});

describe('fields of an object another client made', () => {
  const composer: ManagedFields = {
    manager: 'unknown',
    operation: 'Update',
    apiVersion: 'apps/v1',
    time: '2026-01-01T00:00:00Z',
    fieldsV1: { 'f:spec': { 'f:replicas': {}, 'f:strategy': { 'f:type': {} } } },
  };
  const controller: ManagedFields = {
    manager: 'kube-controller-manager',
    operation: 'Update',
    apiVersion: 'apps/v1',
    subresource: 'status',
    fieldsV1: { 'f:status': {} },
  };
  const revision: ManagedFields = {
    manager: 'kube-controller-manager',
    operation: 'Update',
    apiVersion: 'apps/v1',
    fieldsV1: { 'f:metadata': { 'f:annotations': {} } },
  };
  const ours: ManagedFields = {
    manager: 'cadenza',
    operation: 'Apply',
    apiVersion: 'apps/v1',
    fieldsV1: { 'f:spec': { 'f:template': {} } },
  };
  const having = (managedFields: readonly ManagedFields[]): Deployment => {
    const d = deployment();
    return { ...d, metadata: { ...d.metadata, managedFields } };
  };

  test('become Cadenza’s at the first apply; those of controllers stay theirs', () => {
    expect(takeOver(having([composer, controller, revision]))).toEqual([
      controller,
      revision,
      { ...composer, manager: 'cadenza', operation: 'Apply', fieldsType: 'FieldsV1' },
    ]);
  });

  test('later, what people edit by hand is theirs', () => {
    expect(takeOver(having([ours, { ...composer, manager: 'kubectl-edit' }, controller]))).toBeUndefined();
  });

  test('what was written here by a patch joins the applied fields', () => {
    const patched = { ...composer, manager: 'cadenza' };
    expect(takeOver(having([ours, patched]))?.at(-1)).toMatchObject({
      operation: 'Apply',
      fieldsV1: { 'f:spec': { 'f:template': {}, 'f:replicas': {}, 'f:strategy': { 'f:type': {} } } },
    });
  });

  test('a scaled one keeps its entry for the scale', () => {
    const scaled = { ...composer, manager: 'cadenza', subresource: 'scale' };
    expect(takeOver(having([ours, scaled]))).toBeUndefined();
  });
});
