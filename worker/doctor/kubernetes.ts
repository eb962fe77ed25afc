import type { Check } from '../../model/check.ts';
import { connectorLabel, managerLabel } from '../../model/labels.ts';
import type { KubernetesOptions } from '../../runtimes/kubernetes.ts';
import { type Api, api as makeApi } from '../../runtimes/kubernetes/api.ts';
import { cluster } from '../../runtimes/kubernetes/cluster.ts';
import { connect } from '../../runtimes/kubernetes/connect.ts';
import { deploymentOf } from '../../runtimes/kubernetes/deployment.ts';
import { engine } from '../../runtimes/kubernetes/engine.ts';
import { refused } from '../../runtimes/kubernetes/errors.ts';
import { inWords, missingRights } from '../../runtimes/kubernetes/rights.ts';
import { advice, bad, good, skipped, wordsOf } from './check.ts';

/** What of a platform's configuration concerns its cluster. */
export interface KubernetesFacts {
  readonly platform: string;
  readonly options: KubernetesOptions;
  /** URL that connectors are given. */
  readonly connectorUrl: string;
}

/** Cluster and namespace, rights of the account, the base Deployment, and the platform's address. The second value is the cluster's id. */
export async function kubernetesChecks(
  facts: KubernetesFacts,
  signal: AbortSignal,
): Promise<readonly [readonly Check[], string | undefined]> {
  const { platform, options } = facts;
  const [reach, allowed, base] = [`${platform} runtime`, `${platform} rights`, `${platform} base deployment`];
  const connection = connect(options);
  try {
    const api = makeApi(connection, options.timeoutMs);
    const { namespace } = connection;
    let id: string | undefined;
    const there = await engine(api, namespace, signal).then(
      (info) => {
        id = info.id;
        return good(reach, `Kubernetes ${info.version}, namespace ${namespace}, cluster ${info.id}`);
      },
      (error: unknown) =>
        bad(
          reach,
          wordsOf(error),
          `check KUBECONFIG (kubectl cluster-info) and ${platform}.daemon.kubernetes.namespace`,
        ),
    );
    const rights = await rightsCheck(api, namespace, allowed, signal);
    const trial =
      there.ok === true && rights.ok === true
        ? await trialCheck(api, namespace, base, options, signal)
        : skipped(base, 'cluster or rights must be mended first');
    return [[there, rights, trial, addressCheck(facts)], id];
  } finally {
    connection.close();
  }
}

async function rightsCheck(api: Api, namespace: string, name: string, signal: AbortSignal): Promise<Check> {
  try {
    const missing = await missingRights(api, namespace, signal);
    if (missing.length === 0) return good(name, `all that is needed in ${namespace}`);
    return bad(
      name,
      `the account may not: ${missing.map(inWords).join(', ')} (namespace ${namespace})`,
      `kubectl -n ${namespace} apply -f deploy/kubernetes/rbac.yaml, and run the worker as that account`,
    );
  } catch (error) {
    return skipped(name, wordsOf(error));
  }
}

/** A Deployment as connectors get it, shown to the server without keeping it. */
async function trialCheck(
  api: Api,
  namespace: string,
  name: string,
  options: KubernetesOptions,
  signal: AbortSignal,
): Promise<Check> {
  const trial = deploymentOf(
    {
      connectorId: 'cadenza-doctor',
      name: 'cadenza-doctor',
      image: 'cadenza/doctor:1',
      env: [],
      labels: { [managerLabel]: 'cadenza-doctor', [connectorLabel]: 'cadenza-doctor' },
      contractHash: '',
      specHash: '',
    },
    options,
    { replicas: 0, deployedAt: new Date().toISOString() },
  );
  try {
    await cluster(api, namespace).applyDeployment(trial, false, signal, true);
    return good(name, options.base === undefined ? 'none' : 'the cluster would take it');
  } catch (error) {
    return bad(
      name,
      wordsOf(refused(error, 'a Deployment as connectors get it', signal)),
      'mend daemon.kubernetes.base_deployment, image_resources, or what admits objects to the namespace',
    );
  }
}

function addressCheck({ platform, connectorUrl }: KubernetesFacts): Check {
  const name = `${platform} address`;
  const host = URL.canParse(connectorUrl) ? new URL(connectorUrl).hostname : '';
  if (!(['localhost', '[::1]'].includes(host) || host.startsWith('127.'))) return good(name, connectorUrl);
  return advice(
    name,
    `connectors are given ${connectorUrl}, which inside a pod is the pod itself`,
    `set ${platform}.connector_url to an address that pods reach`,
  );
}
