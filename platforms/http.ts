import { X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { rootCertificates } from 'node:tls';
import { Agent, fetch as undiciFetch, ProxyAgent, type Dispatcher } from 'undici';
import { permanent } from '../model/errors.ts';
import { proxyRule, type ProxySettings } from './proxy.ts';

export interface HttpOptions extends ProxySettings {
  /** Accept any certificate, of the platform and of an https:// proxy. */
  readonly unsecuredCertificate: boolean;
  /** PEM texts trusted in addition to the public roots. */
  readonly proxyCa: readonly string[];
  /** Milliseconds for one request, body of the answer included. */
  readonly requestTimeoutMs: number;
  /** Milliseconds until the connection stands, TLS included. */
  readonly connectTimeoutMs: number;
}

export interface Http {
  /**
   * As the global `fetch`, over the proxy and with the trust the options say. The answer is complete when the promise
   * resolves, redirects are not followed (a redirected POST would lose its body), and a request that takes longer than
   * `requestTimeoutMs` is rejected with a `TimeoutError`.
   */
  readonly fetch: typeof fetch;
  /** The same connections with another limit (ms). */
  readonly within: (timeoutMs: number) => typeof fetch;
  readonly close: () => Promise<void>;
}

/** No sane answer is longer (bytes); a stream without end must not fill the memory. */
const maxResponseSize = 256 * 1024 * 1024;

/** `section` is the name of the platform's part of the configuration; it stands in messages. Throws `InvalidConfiguration`. */
export function http(options: HttpOptions, section: string): Http {
  const proxyFor = proxyRule(options, section, process.env);
  const tls = {
    timeout: options.connectTimeoutMs,
    rejectUnauthorized: !options.unsecuredCertificate,
    ...(options.proxyCa.length > 0 ? { ca: trusted(options.proxyCa, `${section}.https_proxy_ca`) } : {}),
  };
  // The time limit of a whole request is kept in `within`; undici's own would cut off a listing that may take longer.
  const limits = { headersTimeout: 0, bodyTimeout: 0, maxResponseSize };
  const dispatchers = new Map<string, Dispatcher>();

  const dispatcherFor = (target: URL): Dispatcher => {
    const proxy = proxyFor(target);
    const key = proxy?.href ?? '';
    const known = dispatchers.get(key);
    if (known !== undefined) return known;
    const made = proxy === undefined ? new Agent({ ...limits, connect: tls }) : viaProxy(proxy, tls, limits);
    dispatchers.set(key, made);
    return made;
  };

  const within =
    (timeoutMs: number): typeof fetch =>
    async (input, init) => {
      const url = new URL(input instanceof Request ? input.url : input);
      const body = init?.body ?? null;
      if (body !== null && typeof body !== 'string') throw new TypeError('only text can be sent');
      const { signal, release } = deadline(timeoutMs, init?.signal ?? undefined);
      try {
        const response = await undiciFetch(url, {
          method: init?.method ?? 'GET',
          headers: [...new Headers(init?.headers)],
          body,
          redirect: 'manual',
          signal,
          dispatcher: dispatcherFor(url),
        });
        const answer = await response.arrayBuffer();
        return new Response(answer.byteLength === 0 ? null : answer, {
          status: response.status,
          headers: [...response.headers],
        });
      } finally {
        release();
      }
    };

  return {
    fetch: within(options.requestTimeoutMs),
    within,
    close: async () => {
      await Promise.all([...dispatchers.values()].map((dispatcher) => dispatcher.destroy()));
      dispatchers.clear();
    },
  };
}

/** http:// targets are asked of the proxy in full (not every proxy tunnels to any port), https:// ones by CONNECT. */
function viaProxy(proxy: URL, tls: object, limits: object): Dispatcher {
  const { username, password } = proxy;
  const credentials = `${decodeURIComponent(username)}:${decodeURIComponent(password)}`;
  return new ProxyAgent({
    ...limits,
    uri: proxy.origin,
    ...(username === '' ? {} : { token: `Basic ${Buffer.from(credentials).toString('base64')}` }),
    proxyTunnel: false,
    proxyTls: tls,
    requestTls: tls,
  });
}

/**
 * A signal that fires with the outer one or when the time is up. Not `AbortSignal.any`: on Node 20 every call leaves
 * something behind on the outer signal, and ours may live as long as the worker.
 */
function deadline(ms: number, outer?: AbortSignal): { readonly signal: AbortSignal; readonly release: () => void } {
  const controller = new AbortController();
  const follow = (): void => controller.abort(outer?.reason);
  if (outer?.aborted) follow();
  outer?.addEventListener('abort', follow, { once: true });
  const timer = setTimeout(() => controller.abort(new DOMException(`no answer within ${ms} ms`, 'TimeoutError')), ms);
  return {
    signal: controller.signal,
    release: () => {
      clearTimeout(timer);
      outer?.removeEventListener('abort', follow);
    },
  };
}

/** Giving `ca` replaces Node's trust store, hence the public roots and NODE_EXTRA_CA_CERTS are put in again. */
function trusted(own: readonly string[], setting: string): string[] {
  const bad = own.findIndex((pem) => !isCertificate(pem));
  if (bad !== -1) throw permanent('InvalidConfiguration', `${setting}: entry ${bad + 1} is not a PEM certificate`);
  return [...rootCertificates, ...extraRoots(), ...own];
}

function isCertificate(pem: string): boolean {
  try {
    return new X509Certificate(pem).fingerprint256 !== '';
  } catch {
    return false;
  }
}

function extraRoots(): string[] {
  const path = process.env['NODE_EXTRA_CA_CERTS'];
  try {
    return path ? [readFileSync(path, 'utf8')] : [];
  } catch {
    return []; // Node itself warns of it at start
  }
}
