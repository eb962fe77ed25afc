import http from 'node:http';
import https from 'node:https';
import type { Duplex } from 'node:stream';
import { connect, rootCertificates } from 'node:tls';
import { inspect } from 'node:util';

export interface Trust {
  /** Accept any certificate. */
  readonly unsecuredCertificate: boolean;
  /** PEM text trusted in addition to the public roots. */
  readonly ca?: string;
}

type Connected = (error: Error | null, socket?: Duplex) => void;
type Connecting = (options: https.RequestOptions & { servername?: string }, connected: Connected) => undefined;

/** Connections to `target`, kept open between calls; through a tunnel of the `proxy` where one is given. */
export function agentFor(target: URL, trust: Trust, proxy?: URL): http.Agent {
  const tls = {
    rejectUnauthorized: !trust.unsecuredCertificate,
    ...(trust.ca === undefined ? {} : { ca: [...rootCertificates, trust.ca] }),
  };
  const secure = target.protocol === 'https:';
  const agent = secure ? new https.Agent({ keepAlive: true, ...tls }) : new http.Agent({ keepAlive: true });
  // docker-modem prints the options of every request for its debug log, whether anybody wants it or not: with all that
  // hangs on open connections that took seconds of processor time each.
  Object.defineProperty(agent, inspect.custom, { value: () => `[agent for ${target.host}]` });
  if (proxy === undefined) return agent;
  const port = Number(target.port) || (secure ? 443 : 80);
  const host = target.hostname.replace(/^\[|\]$/g, '');
  const createConnection: Connecting = (options, connected) => {
    tunnel(proxy, `${target.hostname}:${port}`, tls, (error, socket) => {
      if (error !== null || socket === undefined || !secure) return connected(error, socket);
      const secured = connect({ ...tls, socket, servername: options.servername ?? host, host });
      secured.once('error', connected);
      secured.once('secureConnect', () => {
        secured.off('error', connected);
        connected(null, secured);
      });
    });
    return undefined;
  };
  return Object.assign(agent, { createConnection });
}

function tunnel(proxy: URL, authority: string, tls: https.AgentOptions, connected: Connected): void {
  const credentials = `${decodeURIComponent(proxy.username)}:${decodeURIComponent(proxy.password)}`;
  const secure = proxy.protocol === 'https:';
  const call = (secure ? https : http).request({
    ...(secure ? tls : {}),
    host: proxy.hostname.replace(/^\[|\]$/g, ''),
    port: Number(proxy.port) || (secure ? 443 : 80),
    method: 'CONNECT',
    path: authority,
    agent: false,
    headers: {
      host: authority,
      ...(credentials === ':' ? {} : { 'proxy-authorization': `Basic ${Buffer.from(credentials).toString('base64')}` }),
    },
  });
  call.once('connect', ({ statusCode }, socket) => {
    if (statusCode === 200) return connected(null, socket);
    socket.destroy();
    connected(Object.assign(new Error(`the proxy answered ${statusCode}`), { code: `PROXY_${statusCode}` }));
  });
  // A proxy that knows no CONNECT answers like a web server.
  call.once('response', (reply) => {
    reply.destroy();
    connected(Object.assign(new Error('the proxy does not tunnel'), { code: `PROXY_${reply.statusCode}` }));
  });
  call.once('error', connected);
  call.end();
}
