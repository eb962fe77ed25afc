import { Problem, permanent, retryable } from '../model/errors.ts';

/** Where a platform is and how messages name it. */
export interface Target {
  /** `OpenCTI`. */
  readonly title: string;
  /** The platform's part of the configuration, `opencti`. */
  readonly section: string;
  readonly url: URL;
}

/** Scheme, host and path: what may be shown of a URL. */
export const place = (url: URL): string => `${url.origin}${url.pathname === '/' ? '' : url.pathname}`;

const certificateCodes = new Set([
  'DEPTH_ZERO_SELF_SIGNED_CERT',
  'SELF_SIGNED_CERT_IN_CHAIN',
  'UNABLE_TO_GET_ISSUER_CERT',
  'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
  'CERT_HAS_EXPIRED',
  'CERT_NOT_YET_VALID',
  'ERR_TLS_CERT_ALTNAME_INVALID',
]);

const words: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'connection refused',
  ECONNRESET: 'the connection was dropped',
  EPIPE: 'the connection was dropped',
  UND_ERR_SOCKET: 'the connection was dropped',
  ENOTFOUND: 'the host name is unknown',
  EAI_AGAIN: 'the host name could not be looked up',
  EHOSTUNREACH: 'no way to the host',
  ENETUNREACH: 'no way to the network',
  ETIMEDOUT: 'no connection in time',
  UND_ERR_CONNECT_TIMEOUT: 'no connection in time',
  UND_ERR_RES_EXCEEDED_MAX_SIZE: 'the answer is larger than any sane one',
};

/**
 * What is said of a request that got no answer. Nothing of the original error is kept but its code: client libraries
 * put headers, URLs and bodies into their messages.
 */
export function unreachable(target: Target, error: unknown): Problem {
  if (error instanceof Problem) return error;
  const at = `${target.title} at ${place(target.url)}`;
  if (error instanceof DOMException && error.name === 'TimeoutError')
    return retryable('PlatformUnavailable', `${at} did not answer in time: ${error.message}`);
  const { code, proxyStatus, badPort } = facts(error);
  if (badPort)
    return permanent(
      'InvalidConfiguration',
      `${at} is on a port that web clients refuse (fetch.spec.whatwg.org, "bad port"); give ${target.section}.url another one`,
    );
  if (proxyStatus === 407)
    return permanent(
      'NotPermitted',
      `the proxy before ${at} asks for credentials; put them into ${target.section}.http_proxy or https_proxy (http://user:password@host:port)`,
    );
  if (proxyStatus !== undefined)
    return retryable('PlatformUnavailable', `${at}: the proxy refused the connection with status ${proxyStatus}`);
  if (certificateCodes.has(code))
    return retryable(
      'PlatformUnavailable',
      `${at}: its certificate is not trusted (${code}); put its CA into ${target.section}.https_proxy_ca, or set ${target.section}.unsecured_certificate to true`,
    );
  const why = words[code] ?? (code === '' ? 'the connection failed' : `the connection failed (${code})`);
  return retryable('PlatformUnavailable', `${at} cannot be reached: ${why}`);
}

interface Facts {
  /** `''` when there is none. */
  readonly code: string;
  /** The status a proxy refused with. */
  readonly proxyStatus?: number;
  readonly badPort?: boolean;
}

/** Walks down the causes for the first error code, and for what only a message tells. */
function facts(error: unknown): Facts {
  let code = '';
  for (let e: unknown = error, depth = 0; e instanceof Error && depth < 5; e = e.cause, depth++) {
    const status = /^Proxy response \((\d{3})\)|^Proxy Authentication Required \((407)\)/.exec(e.message);
    if (status !== null) return { code, proxyStatus: Number(status[1] ?? status[2]) };
    if (e.message === 'bad port') return { code, badPort: true };
    if (code === '' && 'code' in e && typeof e.code === 'string' && /^[A-Z0-9_]{2,64}$/.test(e.code)) code = e.code;
  }
  return { code };
}

/** What is said of an answer that does not come from the platform but from something before it. */
export function strangeAnswer(target: Target, status: number, contentType: string | null): Problem {
  const at = `${target.title} at ${place(target.url)}`;
  const kind = /^[\w.+-]+\/[\w.+-]+/.exec(contentType ?? '')?.[0] ?? 'no content type';
  const what = `answered status ${status} with ${kind} that is not from ${target.title}`;
  const { section } = target;
  if (status === 401 || status === 403)
    return permanent('NotPermitted', `${at} ${what}: a reverse proxy before it refuses; check it and ${section}.token`);
  if (status === 407)
    return permanent(
      'NotPermitted',
      `${at} ${what}: the proxy asks for credentials; put them into ${section}.http_proxy`,
    );
  if (status === 413)
    return permanent('RequestRefused', `${at} ${what}: the request is larger than a proxy before it allows`);
  if (status < 300 || status === 404 || status === 405)
    return retryable('PlatformUnavailable', `${at} ${what}; check ${section}.url`);
  if (status < 400)
    return retryable('PlatformUnavailable', `${at} ${what}, a redirect; put the final address into ${section}.url`);
  return retryable('PlatformUnavailable', `${at} ${what}; a proxy before it has no answer from it, or refuses`);
}
