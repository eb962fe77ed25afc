import { connectorLabel, hashVariable, managerLabel, platformLabel, specHashLabel } from '../../model/labels.ts';
import type { Spec } from '../runtime.ts';
import { type Tree, overBase } from './merge.ts';
import type { Deployment, EnvVar, PodTemplate } from './objects.ts';
import { caKey, secretKey } from './secrets.ts';

/** `daemon.kubernetes` settings that reach a Deployment. */
export interface DeploymentOptions {
  /** Checked; see merge.ts. */
  readonly base?: Tree;
  readonly pullPolicy: 'Always' | 'IfNotPresent' | 'Never';
  readonly resources?: {
    readonly limits?: Readonly<Record<string, string>> | undefined;
    readonly requests?: Readonly<Record<string, string>> | undefined;
  };
}

/** When the pods of a template were last wanted anew; without it an operator's redeploy would change nothing. */
export const deployedAtAnnotation = 'cadenza-deployed-at';

/** What is known only once the cluster was looked at. */
export interface Placement {
  readonly replicas: 0 | 1;
  /** ISO 8601. */
  readonly deployedAt: string;
  /** Of the Deployment that is there already: a selector cannot be changed. */
  readonly selector?: Deployment['spec']['selector'];
  /** Hashes the Deployment itself carries; those of the spec once its rollout is confirmed. */
  readonly hashes?: Readonly<Record<string, string>>;
  readonly envSecret?: string;
  readonly caSecret?: string;
  readonly registrySecret?: string;
}

const caVolume = 'proxy-ca-cert';
const caFile = '/etc/ssl/certs/xtm-proxy-ca.crt';

export const hashAnnotations = (spec: Spec): Readonly<Record<string, string>> => ({
  [hashVariable]: spec.contractHash,
  [specHashLabel]: spec.specHash,
});

/** What is applied: a pure function of the wish and of what the cluster already has. */
export function deploymentOf(spec: Spec, options: DeploymentOptions, place: Placement): Deployment {
  const labels = Object.fromEntries(
    [managerLabel, connectorLabel, platformLabel].flatMap((l) => {
      const value = spec.labels[l];
      return value === undefined ? [] : [[l, value]];
    }),
  );
  const generated = {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name: spec.name, labels, annotations: { ...(place.hashes ?? hashAnnotations(spec)) } },
    spec: {
      replicas: place.replicas,
      selector: { matchLabels: { [connectorLabel]: spec.connectorId } },
      template: templateOf(spec, options, place, labels),
    },
  };
  const base = withDefaults(options.base);
  const merged = overBase(base, generated as unknown as Tree, spec.name) as unknown as Deployment;
  return place.selector === undefined ? merged : { ...merged, spec: { ...merged.spec, selector: place.selector } };
}

function templateOf(
  spec: Spec,
  options: DeploymentOptions,
  place: Placement,
  labels: Readonly<Record<string, string>>,
): PodTemplate {
  const { caSecret, registrySecret } = place;
  return {
    metadata: { labels, annotations: { ...hashAnnotations(spec), [deployedAtAnnotation]: place.deployedAt } },
    spec: {
      containers: [
        {
          name: spec.name,
          image: spec.image,
          imagePullPolicy: options.pullPolicy,
          env: envOf(spec, place.envSecret),
          ...(options.resources === undefined ? {} : { resources: options.resources }),
          ...(caSecret === undefined
            ? {}
            : { volumeMounts: [{ name: caVolume, mountPath: caFile, subPath: caKey, readOnly: true }] }),
        },
      ],
      ...(caSecret === undefined
        ? {}
        : { volumes: [{ name: caVolume, secret: { secretName: caSecret, defaultMode: 0o444 } }] }),
      ...(registrySecret === undefined ? {} : { imagePullSecrets: [{ name: registrySecret }] }),
    },
  };
}

const envOf = (spec: Spec, secret: string | undefined): readonly EnvVar[] =>
  spec.env.map(({ key, value, sensitive }, i) =>
    sensitive
      ? { name: key, valueFrom: { secretKeyRef: { name: secret ?? '', key: secretKey(key, i) } } }
      : // The kubelet expands $(OTHER) and halves $$ in plain values; these are meant as they stand.
        { name: key, value: value.replaceAll('$', () => '$$') },
  );

/** Two pods of a connector must not overlap, and service variables of the namespace are none of its business. */
function withDefaults(base: Tree | undefined): Tree {
  const defaults = {
    spec: { strategy: { type: 'Recreate' }, template: { spec: { enableServiceLinks: false } } },
  };
  const spec = (base?.['spec'] ?? {}) as Tree;
  const template = (spec['template'] ?? {}) as Tree;
  const podSpec = (template['spec'] ?? {}) as Tree;
  return {
    ...base,
    spec: {
      ...defaults.spec,
      ...spec,
      template: { ...template, spec: { ...defaults.spec.template.spec, ...podSpec } },
    },
  };
}
