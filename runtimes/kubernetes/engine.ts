import { permanent } from '../../model/errors.ts';
import type { EngineInfo } from '../runtime.ts';
import type { Api } from './api.ts';
import { isStatus, unavailable } from './errors.ts';
import type { Meta } from './objects.ts';

/**
 * The cluster's identity: the UID of the namespace every cluster has, or, where the account may not read that one, of
 * its own namespace. Throws `InvalidConfiguration` when the namespace does not exist.
 */
export async function engine(api: Api, namespace: string, signal: AbortSignal): Promise<EngineInfo> {
  try {
    const { gitVersion } = await api.json<{ gitVersion: string }>({ method: 'GET', path: '/version' }, signal);
    const system = await uidOf(api, 'kube-system', signal);
    const own = await uidOf(api, namespace, signal);
    if (own === 'absent')
      throw permanent(
        'InvalidConfiguration',
        `the namespace "${namespace}" does not exist; create it or set daemon.kubernetes.namespace to one that does`,
      );
    const id = typeof system === 'object' ? system.uid : typeof own === 'object' ? own.uid : undefined;
    if (id !== undefined) return { id, version: gitVersion };
  } catch (error) {
    throw unavailable(error, signal);
  }
  throw permanent(
    'NotPermitted',
    `the account may read neither the namespace kube-system nor "${namespace}", so the cluster cannot be told from another; grant "get" on namespaces (deploy/kubernetes/rbac.yaml)`,
  );
}

async function uidOf(
  api: Api,
  name: string,
  signal: AbortSignal,
): Promise<{ readonly uid: string } | 'absent' | 'forbidden'> {
  try {
    const { metadata } = await api.json<{ metadata: Meta }>(
      { method: 'GET', path: `/api/v1/namespaces/${name}` },
      signal,
    );
    return { uid: metadata.uid ?? '' };
  } catch (error) {
    if (isStatus(error, 404)) return 'absent';
    if (isStatus(error, 403)) return 'forbidden';
    throw error;
  }
}
