import type { RequestOptions } from 'node:https';
import { KubeConfig } from '@kubernetes/client-node';
import { Agent, type Dispatcher, ProxyAgent } from 'undici';
import { Problem, permanent } from '../../model/errors.ts';

export interface ClusterAddress {
  /** Path of a kubeconfig; unset: KUBECONFIG, then ~/.kube/config, then the account of the pod this runs in. */
  readonly kubeconfig?: string;
  /** Unset: that of the kubeconfig's context or of the pod's service account. */
  readonly namespace?: string;
  /** Milliseconds for one call. */
  readonly timeoutMs: number;
}

/** How to reach a cluster; credentials are asked for with every call, because tokens of a service account rotate. */
export interface Connection {
  readonly server: string;
  readonly namespace: string;
  headers(): Promise<Readonly<Record<string, string>>>;
  dispatcher(): Promise<Dispatcher>;
  close(): void;
}

/** Throws `InvalidConfiguration` when there is no usable kubeconfig and this is no pod. Makes no call. */
export function connect(address: ClusterAddress): Connection {
  const config = load(address.kubeconfig);
  const cluster = config.getCurrentCluster();
  const context = config.getContextObject(config.getCurrentContext());
  // What the library falls back to where it finds nothing.
  if (cluster === null || cluster.server === 'http://localhost:8080')
    throw permanent(
      'InvalidConfiguration',
      'no Kubernetes cluster is configured: set KUBECONFIG to a kubeconfig with a current context, or run Cadenza in the cluster',
    );
  let agent: Dispatcher | undefined;
  let madeFor = '';
  const secured = async (): Promise<RequestOptions> => {
    const options: RequestOptions = {};
    try {
      await config.applyToHTTPSOptions(options);
    } catch (error) {
      throw unusable(error);
    }
    return options;
  };
  return {
    server: cluster.server.replace(/\/+$/, ''),
    namespace: address.namespace ?? context?.namespace ?? 'default',
    headers: async () => {
      const { headers } = await secured();
      return Object.fromEntries(Object.entries(headers ?? {}).map(([k, v]) => [k, String(v)]));
    },
    async dispatcher() {
      const { ca, cert, key, pfx, passphrase, rejectUnauthorized, servername } = (await secured()) as TlsOptions;
      const material = JSON.stringify([ca, cert, key, pfx, rejectUnauthorized]);
      // A client certificate may be renewed while this runs.
      if (agent !== undefined && material === madeFor) return agent;
      void agent?.close();
      madeFor = material;
      const tls = Object.fromEntries(
        Object.entries({ ca, cert, key, pfx, passphrase, rejectUnauthorized, servername }).filter(
          ([, v]) => v !== undefined,
        ),
      );
      agent = agentFor(cluster.proxyUrl, tls);
      return agent;
    },
    close: () => void agent?.destroy(),
  };
}

type TlsOptions = RequestOptions & { readonly passphrase?: string };

function load(path: string | undefined): KubeConfig {
  const config = new KubeConfig();
  try {
    if (path === undefined) config.loadFromDefault();
    else config.loadFromFile(path);
    return config;
  } catch (error) {
    throw unusable(error);
  }
}

/** The kernel's keep-alive ends a connection whose other side has vanished. */
function agentFor(proxy: string | undefined, tls: Record<string, unknown>): Dispatcher {
  const connectOptions = { ...tls, keepAlive: true, keepAliveInitialDelay: 30_000 };
  if (proxy === undefined) return new Agent({ connect: connectOptions });
  if (proxy.startsWith('http')) return new ProxyAgent({ uri: proxy, requestTls: tls });
  throw permanent(
    'InvalidConfiguration',
    'the kubeconfig names a proxy that is neither http nor https; only these are supported',
  );
}

const unusable = (error: unknown): Problem => {
  if (error instanceof Problem) return error;
  const { code } = error as { code?: string };
  return permanent(
    'InvalidConfiguration',
    `the kubeconfig cannot be used${code === undefined ? '' : ` (${code})`}; check it with "kubectl cluster-info"`,
  );
};
