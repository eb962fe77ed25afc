import { BlockList, isIP } from 'node:net';
import { permanent } from '../model/errors.ts';

/** Proxy settings of one platform's section. */
export interface ProxySettings {
  /** False: no proxy at all, whatever the process environment says. */
  readonly withProxy: boolean;
  /** Proxy for http:// targets; credentials may stand in it. */
  readonly httpProxy?: string | undefined;
  /** Proxy for https:// targets. */
  readonly httpsProxy?: string | undefined;
  /** Comma list: hosts (with their subdomains), `host:port`, addresses, address ranges, or `*`. */
  readonly noProxy?: string | undefined;
}

/** The proxy for a target, or undefined for a direct connection. */
export type ProxyFor = (target: URL) => URL | undefined;

type Variables = Readonly<Record<string, string | undefined>>;

/**
 * Which proxy a request takes. One given in the section counts, by the target's scheme. If neither is given, the process
 * environment does. `no_proxy` of the section stands over NO_PROXY. Throws `InvalidConfiguration`; `section` names the
 * platform's section in its message.
 */
export function proxyRule(settings: ProxySettings, section: string, env: Variables): ProxyFor {
  if (!settings.withProxy) return () => undefined;
  const explicit = given(settings.httpProxy) ?? given(settings.httpsProxy);
  const fromEnv = (name: string): string | undefined =>
    explicit === undefined ? (given(env[name]) ?? given(env[name.toLowerCase()])) : undefined;
  const http = proxyUrl(given(settings.httpProxy) ?? fromEnv('HTTP_PROXY'), `${section}.http_proxy`);
  const https = proxyUrl(given(settings.httpsProxy) ?? fromEnv('HTTPS_PROXY'), `${section}.https_proxy`);
  const direct = exceptions(given(settings.noProxy) ?? fromEnv('NO_PROXY') ?? '');
  return (target) => (direct(target) ? undefined : target.protocol === 'https:' ? https : http);
}

const given = (text: string | undefined): string | undefined => (text?.trim() ? text.trim() : undefined);

/** `proxy:3128` without a scheme is common in the environment and means http. */
function proxyUrl(text: string | undefined, setting: string): URL | undefined {
  if (text === undefined) return undefined;
  const full = text.includes('://') ? text : `http://${text}`;
  const url = URL.canParse(full) ? new URL(full) : undefined;
  if (url === undefined || !['http:', 'https:'].includes(url.protocol) || url.hostname === '' || !decodable(url))
    throw permanent(
      'InvalidConfiguration',
      `${setting} (or the variable of that name) is not the URL of a proxy; expected http://host:port or http://user:password@host:port`,
    );
  return url;
}

function decodable(url: URL): boolean {
  try {
    decodeURIComponent(url.username + url.password);
    return true;
  } catch {
    return false;
  }
}

/** Matches targets that are reached without a proxy. */
function exceptions(list: string): (target: URL) => boolean {
  const entries = list
    .toLowerCase()
    .split(/[\s,]+/)
    .filter((entry) => entry !== '')
    .map(exception);
  return (target) => {
    const host = target.hostname.replace(/^\[|\]$/g, '');
    const port = target.port === '' ? (target.protocol === 'https:' ? '443' : '80') : target.port;
    return entries.some((matches) => matches(host, port));
  };
}

function exception(entry: string): (host: string, port: string) => boolean {
  if (entry === '*') return () => true;
  const [address, prefix] = entry.split('/');
  if (prefix !== undefined) return range(address!, Number(prefix));
  const [, name, port] = /^(.+?)(?::(\d+))?$/.exec(isIP(entry) === 6 ? `[${entry}]` : entry)!;
  const bare = name!.replace(/^\[|\]$/g, '').replace(/^\*?\./, '');
  return (host, targetPort) =>
    (port === undefined || port === targetPort) && (host === bare || (isIP(host) === 0 && host.endsWith(`.${bare}`)));
}

function range(address: string, prefix: number): (host: string) => boolean {
  const family = isIP(address);
  if (family === 0 || !Number.isInteger(prefix) || prefix < 0 || prefix > (family === 6 ? 128 : 32)) return () => false;
  const block = new BlockList();
  block.addSubnet(address, prefix, family === 6 ? 'ipv6' : 'ipv4');
  return (host) => isIP(host) === family && block.check(host, family === 6 ? 'ipv6' : 'ipv4');
}
