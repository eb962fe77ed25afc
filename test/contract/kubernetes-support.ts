import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  AppsV1Api,
  AuthenticationV1Api,
  CoreV1Api,
  Exec,
  KubeConfig,
  RbacAuthorizationV1Api,
  type V1Deployment,
  type V1Pod,
} from '@kubernetes/client-node';
import { parse, parseAllDocuments } from 'yaml';
import { root } from '../../tools/cache.ts';

/** The cluster the tests run on, as its administrator sees it. */
export const kubeconfig = process.env['CADENZA_KUBECONFIG'] ?? '';

/** What a node of the test cluster has without a pull. */
export const image = process.env['CADENZA_KUBE_IMAGE'] ?? 'localhost/demo-connector:1';

export interface Admin {
  readonly apps: AppsV1Api;
  readonly core: CoreV1Api;
  readonly namespace: string;
  /** A kubeconfig of the service account of deploy/kubernetes/rbac.yaml, less the rules that `without` drops. */
  account(dir: string, without?: (rule: Rule) => Rule | undefined): Promise<string>;
  pods(label: string): Promise<readonly V1Pod[]>;
  deployment(name: string): Promise<V1Deployment>;
  /** Runs a command in the connector's container of the newest pod of a Deployment. */
  exec(deployment: string, command: readonly string[]): Promise<void>;
  end(): Promise<void>;
}

export interface Rule {
  readonly apiGroups: readonly string[];
  readonly resources: readonly string[];
  readonly verbs: readonly string[];
}

interface Manifest {
  readonly kind: string;
  readonly metadata: { readonly name: string };
  readonly rules?: readonly Rule[];
}

export async function until(what: string, condition: () => Promise<boolean>, ms = 60_000): Promise<void> {
  const deadline = Date.now() + ms;
  while (!(await condition())) {
    if (Date.now() > deadline) throw new Error(`waited in vain for ${what}`);
    await sleep(100);
  }
}

/** A namespace of the test's own, and the administrator's hands on it. */
export async function adminOf(namespace: string): Promise<Admin> {
  const config = new KubeConfig();
  config.loadFromFile(kubeconfig);
  const [apps, core, rbac, auth] = [
    config.makeApiClient(AppsV1Api),
    config.makeApiClient(CoreV1Api),
    config.makeApiClient(RbacAuthorizationV1Api),
    config.makeApiClient(AuthenticationV1Api),
  ];
  void auth;
  await core.createNamespace({ body: { metadata: { name: namespace } } });
  const manifests = parseAllDocuments(readFileSync(join(root, 'deploy', 'kubernetes', 'rbac.yaml'), 'utf8')).map(
    (d) => d.toJS() as Manifest,
  );
  let accounts = 0;
  const pods = async (labelSelector: string) => (await core.listNamespacedPod({ namespace, labelSelector })).items;
  return {
    apps,
    core,
    namespace,
    pods,
    deployment: (name) => apps.readNamespacedDeployment({ name, namespace }),
    async account(dir, without = (rule) => rule) {
      accounts += 1;
      const name = `cadenza-${accounts}`;
      const role = manifests.find((m) => m.kind === 'Role');
      const rules = (role?.rules ?? [])
        .flatMap((r) => without(r) ?? [])
        .map((r) => ({
          apiGroups: [...r.apiGroups],
          resources: [...r.resources],
          verbs: [...r.verbs],
        }));
      await core.createNamespacedServiceAccount({ namespace, body: { metadata: { name } } });
      await rbac.createNamespacedRole({ namespace, body: { metadata: { name }, rules } });
      await rbac.createNamespacedRoleBinding({
        namespace,
        body: {
          metadata: { name },
          subjects: [{ kind: 'ServiceAccount', name, namespace }],
          roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'Role', name },
        },
      });
      const token = await core.createNamespacedServiceAccountToken({
        name,
        namespace,
        body: { spec: { audiences: [], expirationSeconds: 3600 } },
      });
      const own = parse(readFileSync(kubeconfig, 'utf8')) as Record<string, unknown>;
      const cluster = config.getCurrentContext();
      const file = join(dir, `${name}.yaml`);
      writeFileSync(
        file,
        JSON.stringify({
          ...own,
          users: [{ name, user: { token: token.status?.token } }],
          contexts: [{ name, context: { cluster: config.getContextObject(cluster)?.cluster, user: name, namespace } }],
          'current-context': name,
        }),
      );
      return file;
    },
    async exec(deployment, command) {
      const d = await apps.readNamespacedDeployment({ name: deployment, namespace });
      const labels = Object.entries(d.spec?.selector.matchLabels ?? {}).map(([k, v]) => `${k}=${v}`);
      const [pod] = (await pods(labels.join(','))).filter((p) => p.metadata?.deletionTimestamp === undefined);
      const out = new PassThrough().resume();
      await new Promise<void>((resolve, reject) => {
        new Exec(config)
          .exec(namespace, pod?.metadata?.name ?? '', deployment, [...command], out, out, null, false, () => resolve())
          .then((socket) => socket.on('close', () => resolve()), reject);
      });
    },
    async end() {
      await core.deleteNamespace({ name: namespace });
    },
  };
}
