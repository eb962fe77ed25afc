/** Image references: `[host[:port]/]path[:tag][@digest]`, and the registry an operator puts before them. */
export interface Reference {
  /** Registry host with port, if the reference names one. */
  readonly host?: string;
  readonly path: string;
  readonly tag?: string;
  readonly digest?: string;
}

export type PrefixMode = 'auto' | 'always' | 'never';

/** The first component is a host only if a `/` follows and it has a `.` or `:` in it, or is `localhost`. */
const isHost = (part: string): boolean => part.includes('.') || part.includes(':') || part === 'localhost';

export function parseReference(text: string): Reference {
  const at = text.indexOf('@');
  const digest = at < 0 ? undefined : text.slice(at + 1);
  const named = at < 0 ? text : text.slice(0, at);
  const colon = named.lastIndexOf(':');
  const tagged = colon > named.lastIndexOf('/');
  const tag = tagged ? named.slice(colon + 1) : undefined;
  const whole = tagged ? named.slice(0, colon) : named;
  const slash = whole.indexOf('/');
  const first = slash < 0 ? '' : whole.slice(0, slash);
  const hosted = slash >= 0 && isHost(first);
  return {
    path: hosted ? whole.slice(slash + 1) : whole,
    ...(hosted ? { host: first } : {}),
    ...(tag === undefined || tag === '' ? {} : { tag }),
    ...(digest === undefined ? {} : { digest }),
  };
}

const component = '[a-z0-9]+(?:(?:\\.|__?|-+)[a-z0-9]+)*';
const grammar = new RegExp(
  `^(?:(?:localhost|[A-Za-z0-9.-]+[.:][A-Za-z0-9.:-]*)/)?${component}(?:/${component})*` +
    '(?::\\w[\\w.-]{0,127})?(?:@[A-Za-z][A-Za-z0-9]*(?:[-_+.][A-Za-z][A-Za-z0-9]*)*:[0-9a-fA-F]{32,})?$',
);

/** Whether an engine can make sense of it: the grammar of the OCI distribution specification. */
export const isReference = (text: string): boolean => grammar.test(text);

/** Without scheme, surrounding space and trailing `/`; it may hold a path. */
export const normaliseServer = (server: string): string =>
  server
    .trim()
    .replace(/^https?:\/\//, '')
    .replace(/\/+$/, '');

/** True when the reference lies on this registry: credentials are sent nowhere else. */
export const onServer = (image: string, server: string): boolean => image.startsWith(`${normaliseServer(server)}/`);

const withTag = (image: string): string => {
  const { tag, digest } = parseReference(image);
  return tag === undefined && digest === undefined ? `${image.replace(/:$/, '')}:latest` : image;
};

/**
 * The reference to pull: prefixed with the registry where its mode says so, never twice, and with a tag, because without
 * one the engine would take all of them.
 */
export function resolveImage(
  image: string,
  registry: { readonly server?: string | undefined; readonly prefixMode: PrefixMode },
): string {
  const server = registry.server === undefined ? '' : normaliseServer(registry.server);
  if (image === '') return image;
  if (server === '') return image.includes('@') || parseReference(image).tag !== undefined ? image : withTag(image);
  if (image.startsWith(`${server}/`) || registry.prefixMode === 'never') return withTag(image);
  const hosted = parseReference(image).host !== undefined;
  return withTag(hosted && registry.prefixMode === 'auto' ? image : `${server}/${image}`);
}
