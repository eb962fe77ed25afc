import { connectorLabel, managerLabel, platformLabel } from '../../model/labels.ts';
import type { RegistryAuth, Spec } from '../runtime.ts';
import { envSecretName } from './names.ts';
import type { OwnerReference, Secret } from './objects.ts';

/** What a Secret is for; Cadenza only ever removes its own `env` ones. */
export const componentLabel = 'app.kubernetes.io/component';
export const envComponent = 'connector-env';

const base64 = (text: string): string => Buffer.from(text, 'utf8').toString('base64');

const labelsOf = (spec: Spec, component: string): Readonly<Record<string, string>> => ({
  ...Object.fromEntries(
    [managerLabel, connectorLabel, platformLabel].flatMap((l) => {
      const value = spec.labels[l];
      return value === undefined ? [] : [[l, value]];
    }),
  ),
  [componentLabel]: component,
});

/** Key of a variable in its Secret: the variable's name where it may be one. */
export const secretKey = (variable: string, index: number): string =>
  /^[-._a-zA-Z0-9]{1,253}$/.test(variable) && !variable.startsWith('..') && variable !== '.'
    ? variable
    : `variable-${index}`;

/** All sensitive values of one connector; `undefined` when it has none. */
export function envSecret(spec: Spec): Secret | undefined {
  const entries = spec.env.flatMap(({ key, value, sensitive }, i) => (sensitive ? [[secretKey(key, i), value]] : []));
  if (entries.length === 0) return undefined;
  const name = envSecretName(spec.name, JSON.stringify(entries));
  return {
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: { name, labels: labelsOf(spec, envComponent) },
    type: 'Opaque',
    data: Object.fromEntries(entries.map(([key, value]) => [key, base64(value ?? '')])),
  };
}

export const caKey = 'ca.crt';

export const caSecret = (spec: Spec, name: string, bundle: string): Secret => ({
  apiVersion: 'v1',
  kind: 'Secret',
  metadata: { name, labels: labelsOf(spec, 'connector-ca') },
  type: 'Opaque',
  data: { [caKey]: base64(bundle) },
});

/** Hosts under which the kubelet looks for Docker Hub's credentials. */
const hub = ['https://index.docker.io/v1/', 'docker.io'];
const isHub = (server: string): boolean => /^(https?:\/\/)?((index|registry-1)\.)?docker\.io(\/|$)/.test(server);

/** Shared by all connectors of a platform, hence with the manager's label only. */
export function registrySecret(spec: Spec, name: string, auth: RegistryAuth): Secret {
  const entry = {
    username: auth.username,
    password: auth.password,
    ...(auth.email === undefined ? {} : { email: auth.email }),
    auth: base64(`${auth.username}:${auth.password}`),
  };
  const servers = isHub(auth.server) ? [...new Set([auth.server, ...hub])] : [auth.server];
  const config = JSON.stringify({ auths: Object.fromEntries(servers.map((s) => [s, entry])) });
  const manager = spec.labels[managerLabel];
  return {
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: {
      name,
      labels: { ...(manager === undefined ? {} : { [managerLabel]: manager }), [componentLabel]: 'registry' },
    },
    type: 'kubernetes.io/dockerconfigjson',
    data: { '.dockerconfigjson': base64(config) },
  };
}

export const ownedBy = (secret: Secret, owner: OwnerReference): Secret => ({
  ...secret,
  metadata: { ...secret.metadata, ownerReferences: [owner] },
});
