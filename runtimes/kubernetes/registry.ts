import { request } from 'undici';
import { Problem, retryable } from '../../model/errors.ts';
import type { RegistryAuth } from '../runtime.ts';

/** Kubernetes asks no registry on anybody's behalf, so this asks by itself: the digest of a reference, without a pull. */
export async function registryDigest(
  image: string,
  auth: RegistryAuth | undefined,
  timeoutMs: number,
  signal: AbortSignal,
): Promise<string> {
  signal.throwIfAborted();
  const { host, repository, tag } = referenceOf(image);
  const untold = (why: string): Problem =>
    retryable('ImagePull', `the registry does not tell what ${image} is now: ${why}`);
  const inTime = AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)]);
  const url = `${schemeOf(host)}://${host}/v2/${repository}/manifests/${tag}`;
  const basic = auth === undefined ? undefined : `Basic ${base64(`${auth.username}:${auth.password}`)}`;
  const head = async (authorization: string | undefined) => {
    const answer = await request(url, {
      method: 'HEAD',
      signal: inTime,
      headers: { accept: manifests, ...(authorization === undefined ? {} : { authorization }) },
    });
    await answer.body.dump();
    return answer;
  };
  try {
    let answer = await head(undefined);
    if (answer.statusCode === 401) {
      const challenge = String(answer.headers['www-authenticate'] ?? '');
      answer = await head(/^bearer/i.test(challenge) ? await token(challenge, basic, inTime) : basic);
    }
    const digest = answer.headers['docker-content-digest'];
    if (answer.statusCode === 200 && typeof digest === 'string') return digest;
    throw untold(answer.statusCode === 401 ? 'the credentials are not accepted' : `it answered ${answer.statusCode}`);
  } catch (error) {
    if (error instanceof Problem) throw error;
    if (signal.aborted) throw signal.reason;
    const { code } = error as { code?: string };
    throw untold(`it cannot be reached from here${code === undefined ? '' : ` (${code})`}`);
  }
}

const manifests = [
  'application/vnd.oci.image.index.v1+json',
  'application/vnd.oci.image.manifest.v1+json',
  'application/vnd.docker.distribution.manifest.list.v2+json',
  'application/vnd.docker.distribution.manifest.v2+json',
].join(', ');

const base64 = (text: string): string => Buffer.from(text, 'utf8').toString('base64');

/** As container runtimes do it: plain HTTP on the loopback only. */
const schemeOf = (host: string): string => (/^(localhost|127\.[\d.]+)(:\d+)?$/.test(host) ? 'http' : 'https');

export function referenceOf(image: string): {
  readonly host: string;
  readonly repository: string;
  readonly tag: string;
} {
  const [first = '', ...others] = image.split('/');
  const named = others.length > 0 && (/[.:]/.test(first) || first === 'localhost');
  const given = named ? first : 'docker.io';
  const rest = named ? others.join('/') : image;
  const [path = '', digest] = rest.split('@');
  const colon = path.lastIndexOf(':');
  const repository = colon < 0 ? path : path.slice(0, colon);
  const isHub = given === 'docker.io' || given === 'index.docker.io';
  return {
    host: isHub ? 'registry-1.docker.io' : given,
    repository: isHub && !repository.includes('/') ? `library/${repository}` : repository,
    tag: digest ?? (colon < 0 ? 'latest' : path.slice(colon + 1)),
  };
}

/** The registry names who hands out tokens; the credentials go there and nowhere else. */
async function token(challenge: string, basic: string | undefined, signal: AbortSignal): Promise<string | undefined> {
  const parts = Object.fromEntries([...challenge.matchAll(/(\w+)="([^"]*)"/g)].map(([, key, value]) => [key, value]));
  const { realm, service, scope } = parts as { realm?: string; service?: string; scope?: string };
  if (realm === undefined || !URL.canParse(realm)) return undefined;
  const url = new URL(realm);
  if (service !== undefined) url.searchParams.set('service', service);
  if (scope !== undefined) url.searchParams.set('scope', scope);
  const { body, statusCode } = await request(url, {
    signal,
    headers: basic === undefined ? {} : { authorization: basic },
  });
  const answer = (await body.json().catch(() => ({}))) as { token?: string; access_token?: string };
  const given = answer.token ?? answer.access_token;
  return statusCode === 200 && given !== undefined ? `Bearer ${given}` : undefined;
}
