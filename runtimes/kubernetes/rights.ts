import type { Api } from './api.ts';
import { unavailable } from './errors.ts';

/** One verb on one kind of object. */
export interface Right {
  readonly group: '' | 'apps';
  readonly resource: string;
  readonly subresource?: string;
  readonly verb: string;
}

const on = (group: Right['group'], resource: string, verbs: readonly string[], subresource?: string): Right[] =>
  verbs.map((verb) => ({ group, resource, verb, ...(subresource === undefined ? {} : { subresource }) }));

/** All that the runtime does; deploy/kubernetes/rbac.yaml grants exactly this. */
export const rights: readonly Right[] = [
  ...on('apps', 'deployments', ['get', 'list', 'watch', 'create', 'patch', 'delete']),
  ...on('apps', 'deployments', ['get', 'patch'], 'scale'),
  ...on('apps', 'replicasets', ['get', 'list']),
  ...on('', 'pods', ['get', 'list', 'watch']),
  ...on('', 'pods', ['get'], 'log'),
  ...on('', 'secrets', ['get', 'list', 'create', 'patch', 'delete']),
  ...on('', 'namespaces', ['get']),
];

export const inWords = ({ resource, subresource, verb }: Right): string =>
  `${verb} ${resource}${subresource === undefined ? '' : `/${subresource}`}`;

/** Those the account lacks, asked of the API server; every account may ask that of itself. */
export async function missingRights(api: Api, namespace: string, signal: AbortSignal): Promise<readonly Right[]> {
  const asked = await Promise.all(
    rights.map(async (right) => {
      const body = {
        apiVersion: 'authorization.k8s.io/v1',
        kind: 'SelfSubjectAccessReview',
        spec: {
          resourceAttributes: {
            namespace,
            verb: right.verb,
            group: right.group,
            resource: right.resource,
            ...(right.subresource === undefined ? {} : { subresource: right.subresource }),
            ...(right.resource === 'namespaces' ? { name: namespace } : {}),
          },
        },
      };
      const path = '/apis/authorization.k8s.io/v1/selfsubjectaccessreviews';
      const { status } = await api
        .json<{ status?: { allowed?: boolean } }>({ method: 'POST', path, body }, signal)
        .catch((error: unknown) => {
          throw unavailable(error, signal);
        });
      return { right, allowed: status?.allowed === true };
    }),
  );
  return asked.filter((a) => !a.allowed).map((a) => a.right);
}
