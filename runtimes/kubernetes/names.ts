import { createHash } from 'node:crypto';

/** Names of what stands beside a Deployment. Those of XTM Composer are kept, so that its Secrets are used on. */
const longest = 63;

export const digest8 = (text: string): string => createHash('sha256').update(text, 'utf8').digest('hex').slice(0, 8);

/** ASCII, lower case, runs of anything else as one dash: `registry.example.com:5000` is `registry-example-com-5000`. */
export const slugify = (text: string): string =>
  text
    .normalize('NFKD')
    .replaceAll(/\p{Mark}/gu, '')
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, '-')
    .replaceAll(/^-+|-+$/g, '');

/** Secret with the registry's credentials; `suffix` keeps two platforms with different ones apart. */
export const registrySecretName = (server: string, suffix = ''): string => `${slugify(server)}${suffix}`;

/** Secret with the CA bundle; `taken`: that name belongs to another connector. */
export function caSecretName(deployment: string, connectorId: string, taken = false): string {
  const plain = `${deployment}-proxy-ca`.slice(0, longest);
  if (!taken && !plain.endsWith('-')) return plain;
  return `${plain.slice(0, longest - 9).replace(/-+$/, '')}-${digest8(connectorId)}`;
}

/** Named after its content, so that a changed value is another Secret and rolls the pods. */
export const envSecretName = (deployment: string, content: string): string => `${deployment}-env-${digest8(content)}`;

/** What may stand in a label selector. */
export const isLabelValue = (text: string): boolean => /^([A-Za-z0-9]([A-Za-z0-9._-]{0,61}[A-Za-z0-9])?)?$/.test(text);

/** How an object is referred to: the name the API wants and the UID that tells it from a later one of that name. */
export const refOf = (meta: { readonly name: string; readonly uid?: string }): string =>
  `${meta.name}/${meta.uid ?? ''}`;

export function fromRef(ref: string): { readonly name: string; readonly uid: string } {
  const [name = '', uid = ''] = ref.split('/');
  return { name, uid };
}
