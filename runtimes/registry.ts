import { retryable } from '../model/errors.ts';
import { parseReference } from '../model/image.ts';
import type { RegistryAuth } from './runtime.ts';

/** What a tag may stand for: an index of several platforms before a single image, as engines resolve it. */
const manifests = [
  'application/vnd.oci.image.index.v1+json',
  'application/vnd.docker.distribution.manifest.list.v2+json',
  'application/vnd.oci.image.manifest.v1+json',
  'application/vnd.docker.distribution.manifest.v2+json',
].join(', ');

/**
 * Manifest digest that a registry gives for a reference now, asked directly (OCI distribution specification, `HEAD
 * /v2/<name>/manifests/<tag>`): for runtimes whose engine does not tell. Plain HTTP is spoken to this machine only.
 * Throws `ImagePull`.
 */
export async function registryDigest(
  image: string,
  auth: RegistryAuth | undefined,
  signal: AbortSignal,
): Promise<string> {
  const { digest } = parseReference(image);
  if (digest !== undefined) return digest;
  const { url, server, name } = manifestOf(image);
  const ask = (authorization?: string): Promise<Response> =>
    reach(image, url, {
      method: 'HEAD',
      headers: { accept: manifests, ...(authorization === undefined ? {} : { authorization }) },
      signal,
    });
  let response = await ask();
  if (response.status === 401)
    response = await ask(await authorized(image, response.headers.get('www-authenticate') ?? '', auth, name, signal));
  const found = response.headers.get('docker-content-digest');
  if (response.ok && found !== null) return found;
  throw retryable(
    'ImagePull',
    `the registry ${server} does not tell what ${image} is now: it answered ${response.status}`,
  );
}

/** Where a registry keeps the manifest of a tag; plain HTTP is for this machine only, as container runtimes have it. */
export function manifestOf(image: string): { readonly url: string; readonly server: string; readonly name: string } {
  const { host = 'docker.io', path, tag = 'latest' } = parseReference(image);
  const hub = host === 'docker.io' || host === 'index.docker.io';
  const server = hub ? 'registry-1.docker.io' : host;
  const name = hub && !path.includes('/') ? `library/${path}` : path;
  const scheme = /^(localhost|127\.\d+\.\d+\.\d+)(:\d+)?$/.test(server) ? 'http' : 'https';
  return { url: `${scheme}://${server}/v2/${name}/manifests/${encodeURIComponent(tag)}`, server, name };
}

async function reach(image: string, url: string, init: RequestInit): Promise<Response> {
  try {
    return await fetch(url, init);
  } catch {
    init.signal?.throwIfAborted();
    throw retryable('ImagePull', `the registry of ${image} does not answer this worker (${new URL(url).host})`);
  }
}

const basic = (auth: RegistryAuth): string =>
  `Basic ${Buffer.from(`${auth.username}:${auth.password}`).toString('base64')}`;

/** Answers a challenge: the credentials themselves, or a token that they, or nobody, are given for this repository. */
async function authorized(
  image: string,
  challenge: string,
  auth: RegistryAuth | undefined,
  name: string,
  signal: AbortSignal,
): Promise<string> {
  const denied = () =>
    retryable(
      'ImagePull',
      `the registry of ${image} asks for credentials; set daemon.registry.server, username and password`,
    );
  if (/^basic/i.test(challenge)) {
    if (auth === undefined) throw denied();
    return basic(auth);
  }
  const part = (key: string): string | undefined => new RegExp(`${key}="([^"]*)"`, 'i').exec(challenge)?.[1];
  const realm = part('realm');
  if (!/^bearer/i.test(challenge) || realm === undefined || !URL.canParse(realm)) throw denied();
  const url = new URL(realm);
  const service = part('service');
  if (service !== undefined) url.searchParams.set('service', service);
  url.searchParams.set('scope', part('scope') ?? `repository:${name}:pull`);
  const response = await reach(image, url.href, {
    ...(auth === undefined ? {} : { headers: { authorization: basic(auth) } }),
    signal,
  });
  if (!response.ok) throw denied();
  const { token, access_token } = (await response.json()) as { token?: string; access_token?: string };
  const given = token ?? access_token;
  if (given === undefined) throw denied();
  return `Bearer ${given}`;
}
