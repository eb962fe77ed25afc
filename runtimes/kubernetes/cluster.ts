import { connectorLabel, managerLabel } from '../../model/labels.ts';
import type { Api, Call } from './api.ts';
import { isStatus, unavailable } from './errors.ts';
import { fromRef, isLabelValue } from './names.ts';
import type { Deployment, List, OwnerReference, Pod, ReplicaSet, Secret } from './objects.ts';
import { fieldManager, takeOver } from './ownership.ts';

/** Single calls about the objects of one namespace. Reads throw `Problem`s, writes what the API threw. */
export type Cluster = ReturnType<typeof cluster>;

/** How often a Deployment may change under us, for example in its status, before a write is given up. */
const overtakings = 5;

export interface Found {
  readonly deployments: readonly Deployment[];
  readonly pods: readonly Pod[];
}

/** Selects by manager; an id that can stand in no label has no objects. */
export function managerSelector(managerIds: readonly string[]): string | undefined {
  const ids = managerIds.filter((id) => id !== '' && isLabelValue(id));
  return ids.length === 0 ? undefined : `${managerLabel} in (${ids.join(',')})`;
}

export const connectorSelector = (id: string): string | undefined =>
  id !== '' && isLabelValue(id) ? `${connectorLabel}=${id}` : undefined;

export function cluster(api: Api, namespace: string) {
  const core = `/api/v1/namespaces/${namespace}`;
  const apps = `/apis/apps/v1/namespaces/${namespace}`;
  const read = async <T>(call: Call, signal: AbortSignal): Promise<T> => {
    try {
      return await api.json<T>(call, signal);
    } catch (error) {
      throw unavailable(error, signal);
    }
  };
  const items = async <T>(path: string, labelSelector: string, signal: AbortSignal): Promise<readonly T[]> =>
    (await read<List<T>>({ method: 'GET', path, query: { labelSelector } }, signal)).items;
  const apply = <T>(path: string, body: unknown, force: boolean, signal: AbortSignal, dryRun = false): Promise<T> =>
    api.json<T>(
      {
        method: 'PATCH',
        path,
        query: { fieldManager, force, ...(dryRun ? { dryRun: 'All' } : {}) },
        body,
        type: 'application/apply-patch+yaml',
      },
      signal,
    );

  const get = async (name: string, signal: AbortSignal): Promise<Deployment | undefined> => {
    try {
      return await api.json<Deployment>({ method: 'GET', path: `${apps}/deployments/${name}` }, signal);
    } catch (error) {
      if (isStatus(error, 404)) return undefined;
      throw unavailable(error, signal);
    }
  };

  return {
    namespace,
    get,
    /** The object a ref speaks of; a later one under the same name is another. */
    async byRef(ref: string, signal: AbortSignal): Promise<Deployment | undefined> {
      const { name, uid } = fromRef(ref);
      const found = await get(name, signal);
      return found?.metadata.uid === uid ? found : undefined;
    },
    async find(selector: string | undefined, signal: AbortSignal): Promise<Found> {
      if (selector === undefined) return { deployments: [], pods: [] };
      // Deployments first: a pod that is missing in the older list would look like one that ended.
      const deployments = await items<Deployment>(`${apps}/deployments`, selector, signal);
      const pods = deployments.length === 0 ? [] : await items<Pod>(`${core}/pods`, selector, signal);
      return { deployments, pods };
    },
    pods: (selector: string, signal: AbortSignal) => items<Pod>(`${core}/pods`, selector, signal),
    replicaSets: (selector: string, signal: AbortSignal) => items<ReplicaSet>(`${apps}/replicasets`, selector, signal),

    /** Writes the wished fields; `force` takes those another client holds. */
    applyDeployment: (deployment: Deployment, force: boolean, signal: AbortSignal, dryRun = false) =>
      apply<Deployment>(`${apps}/deployments/${deployment.metadata.name}`, deployment, force, signal, dryRun),
    /** Before the first apply on an object another client made; see ownership.ts. */
    async takeOver(deployment: Deployment, signal: AbortSignal): Promise<void> {
      const { name } = deployment.metadata;
      let live: Deployment | undefined = deployment;
      for (let left = overtakings; live !== undefined; left--) {
        const managedFields = takeOver(live);
        if (managedFields === undefined) return;
        const { resourceVersion } = live.metadata;
        try {
          await api.json(
            {
              method: 'PATCH',
              path: `${apps}/deployments/${name}`,
              query: { fieldManager },
              type: 'application/json-patch+json',
              body: [
                { op: 'replace', path: '/metadata/managedFields', value: managedFields },
                { op: 'replace', path: '/metadata/resourceVersion', value: resourceVersion },
              ],
            },
            signal,
          );
          return;
        } catch (error) {
          if (!isStatus(error, 409) || left === 0) throw error;
          live = await get(name, signal);
        }
      }
    },
    async patch(name: string, body: unknown, type: Call['type'], signal: AbortSignal): Promise<void> {
      await api.json(
        {
          method: 'PATCH',
          path: `${apps}/deployments/${name}`,
          query: { fieldManager },
          body,
          ...(type === undefined ? {} : { type }),
        },
        signal,
      );
    },
    async scale(name: string, replicas: 0 | 1, signal: AbortSignal): Promise<void> {
      await api.json(
        {
          method: 'PATCH',
          path: `${apps}/deployments/${name}/scale`,
          query: { fieldManager },
          type: 'application/merge-patch+json',
          body: { spec: { replicas } },
        },
        signal,
      );
    },
    /** Its pods go first; what is gone, or was replaced by another of that name, is success. */
    async remove(ref: string, signal: AbortSignal): Promise<void> {
      const { name, uid } = fromRef(ref);
      try {
        await api.json(
          {
            method: 'DELETE',
            path: `${apps}/deployments/${name}`,
            body: { kind: 'DeleteOptions', apiVersion: 'v1', propagationPolicy: 'Foreground', preconditions: { uid } },
          },
          signal,
        );
      } catch (error) {
        if (!isStatus(error, 404, 409)) throw error;
      }
    },

    async secret(name: string, signal: AbortSignal): Promise<Secret | undefined> {
      try {
        return await api.json<Secret>({ method: 'GET', path: `${core}/secrets/${name}` }, signal);
      } catch (error) {
        if (isStatus(error, 404)) return undefined;
        throw unavailable(error, signal);
      }
    },
    secrets: (selector: string, signal: AbortSignal) => items<Secret>(`${core}/secrets`, selector, signal),
    applySecret: (secret: Secret, signal: AbortSignal) =>
      apply<Secret>(`${core}/secrets/${secret.metadata.name}`, secret, true, signal),
    /** Adds one owner to a Secret that has several; the others stay. */
    async addOwner(name: string, owner: OwnerReference, signal: AbortSignal): Promise<void> {
      await api.json(
        {
          method: 'PATCH',
          path: `${core}/secrets/${name}`,
          query: { fieldManager: `${fieldManager}-owners` },
          type: 'application/strategic-merge-patch+json',
          body: { metadata: { ownerReferences: [owner] } },
        },
        signal,
      );
    },
    async removeSecret(name: string, signal: AbortSignal): Promise<void> {
      try {
        await api.json({ method: 'DELETE', path: `${core}/secrets/${name}` }, signal);
      } catch (error) {
        if (!isStatus(error, 404)) throw error;
      }
    },
    podsPath: `${core}/pods`,
    deploymentsPath: `${apps}/deployments`,
  };
}

export const ownerOf = (deployment: Deployment): OwnerReference => ({
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  name: deployment.metadata.name,
  uid: deployment.metadata.uid ?? '',
});
