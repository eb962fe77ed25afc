import type { ConfigEntry } from './connector.ts';
import { permanent } from './errors.ts';
import { hashVariable } from './labels.ts';
import { isSensitive } from './mask.ts';

/** Where the CA bundle lies inside a connector's container. */
export const caPath = '/etc/ssl/certs/xtm-proxy-ca.crt';

/**
 * All but NODE_EXTRA_CA_CERTS replace the connector's trust store, hence the bundle at `caPath` has the public roots in
 * it as well.
 */
const caVariables = ['SSL_CERT_FILE', 'REQUESTS_CA_BUNDLE', 'NODE_EXTRA_CA_CERTS', 'CURL_CA_BUNDLE'] as const;

export interface Proxies {
  readonly http?: string;
  readonly https?: string;
  readonly no?: string;
}

export interface EnvironmentInput {
  /** The record's entries in its order, decrypted; `encrypted` says what the platform said. */
  readonly entries: readonly ConfigEntry[];
  readonly contractHash: string;
  /** Platform URLs to inject: the connector's own, the other one's if that platform is enabled too. */
  readonly urls: { readonly opencti?: string; readonly openaev?: string };
  /** Present when the connector's platform has `with_proxy`. */
  readonly proxy?: {
    readonly values: Proxies;
    /** True when the CA bundle is delivered to `caPath`. */
    readonly ca: boolean;
    readonly rejectUnauthorized: boolean;
  };
}

export interface Variable {
  readonly key: string;
  readonly value: string;
  /** Never shown; on Kubernetes it goes into a Secret. */
  readonly sensitive: boolean;
}

export interface Environment {
  readonly variables: readonly Variable[];
  /** Keys that occur more than once in the record; the last one counted. */
  readonly duplicates: readonly string[];
}

/**
 * The variables of a connector: one per key, at the place of its first occurrence. First what the platform sent, then
 * the platform URLs, the contract hash, and proxy and trust settings. URLs and hash are always Cadenza's; of a proxy or
 * trust variable a value of the platform stands, unless it is empty. Throws `InvalidContract` for what no process can
 * have as a variable.
 */
export function connectorEnvironment(input: EnvironmentInput): Environment {
  const variables = new Map<string, Variable>();
  const duplicates = new Set<string>();
  input.entries.forEach(({ key, value, encrypted }, index) => {
    check(key, value, `configuration entry ${index + 1}`);
    const before = variables.get(key);
    if (before !== undefined) duplicates.add(key);
    variables.set(key, { key, value, sensitive: encrypted || before?.sensitive === true || isSensitive(key) });
  });

  const own = (key: string, value: string | undefined): void => {
    if (value === undefined) return;
    check(key, value, 'the configuration of Cadenza');
    variables.set(key, { key, value, sensitive: isSensitive(key) });
  };
  const unlessGiven = (key: string, value: string | undefined): void => {
    if (!variables.get(key)?.value) own(key, value);
  };

  own('OPENCTI_URL', input.urls.opencti);
  own('OPENAEV_URL', input.urls.openaev);
  own(hashVariable, input.contractHash);
  if (input.proxy !== undefined) {
    const { values, ca, rejectUnauthorized } = input.proxy;
    unlessGiven('HTTP_PROXY', values.http);
    unlessGiven('HTTPS_PROXY', values.https);
    unlessGiven('NO_PROXY', values.no);
    if (ca) for (const key of caVariables) unlessGiven(key, caPath);
    if (!rejectUnauthorized) unlessGiven('NODE_TLS_REJECT_UNAUTHORIZED', '0');
  }
  return { variables: [...variables.values()], duplicates: [...duplicates] };
}

/** A key with `=` may hold a value someone pasted there, so such a key is not quoted. */
function check(key: string, value: string, where: string): void {
  const refuse = (what: string): never => {
    throw permanent('InvalidContract', `${where} ${what}; mend the connector's configuration`);
  };
  if (key === '') refuse('has an empty key');
  if (key.includes('=')) refuse('has a key with "=" in it');
  if (key.includes('\0')) refuse('has a key with a NUL character in it');
  if (value.includes('\0')) refuse(`(${key}) has a value with a NUL character in it`);
}

/** Each proxy value from the platform's section, else from the process environment, upper case first; empty is unset. */
export function connectorProxies(section: Proxies, env: Readonly<Record<string, string | undefined>>): Proxies {
  const pick = (given: string | undefined, name: string): string | undefined =>
    [given, env[name], env[name.toLowerCase()]].find((value) => value !== undefined && value !== '');
  const http = pick(section.http, 'HTTP_PROXY');
  const https = pick(section.https, 'HTTPS_PROXY');
  const no = pick(section.no, 'NO_PROXY');
  return { ...(http ? { http } : {}), ...(https ? { https } : {}), ...(no ? { no } : {}) };
}
