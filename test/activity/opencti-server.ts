import {
  createServer,
  request as httpRequest,
  type IncomingMessage,
  type Server,
  type ServerResponse,
} from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import { connect, type Socket } from 'node:net';
import { Problem } from '../../model/errors.ts';
import type { ClientOptions } from '../../platforms/options.ts';
import { vectorKey, vectorPem } from '../unit/decrypt-vectors.ts';

/** Self-signed for localhost and 127.0.0.1 by the published test key; good until 2120. */
export const certificate = `-----BEGIN CERTIFICATE-----
MIIC8zCCAdugAwIBAgIBATANBgkqhkiG9w0BAQsFADAUMRIwEAYDVQQDDAlsb2Nh
bGhvc3QwIBcNMjAwMTAxMDAwMDAwWhgPMjEyMDAxMDEwMDAwMDBaMBQxEjAQBgNV
BAMMCWxvY2FsaG9zdDCCASIwDQYJKoZIhvcNAQEBBQADggEPADCCAQoCggEBAK5t
kT/Wcec8csGt1dRclvvqLCuJAJ4vK8uLnMGtHSvFNfNMDURt/g2VODrfi1lSdTji
7e2/I+xkHA8/ikbQFxcRAx/eU2N34RfzjZKWLMyl4ip1fROTFuNUUgkikamWvyw/
dAChMgdFQ8CTyvXf/hC348d66Z+b2BlpbNryrzBUJyAEXoUOeWbINH/x1L1gQySh
Fq+EuKvjcMFeaLeh8Y64JaXkSzzi9Wbuj4ApSUkYcSQGNtWKVzy4W/7cwUZlU0fR
bOscnTrh3TNkyzpNZWIr//+T7NEJjyA6V/upw+gKg2tOQFmL/ezMVf3/ePHA+RHx
D2i3HM0wtQlFmjwypiECAwEAAaNOMEwwGgYDVR0RBBMwEYIJbG9jYWxob3N0hwR/
AAABMA8GA1UdEwEB/wQFMAMBAf8wHQYDVR0OBBYEFHqaFHcBvtoGXXBI8eyd6mm3
iQw6MA0GCSqGSIb3DQEBCwUAA4IBAQArY5WCGEwqBXsiKzQumwfSS/5eRz0l1Cw3
zyEWHmG09GAgHvG6ceFRtcnB5vsOHUVrAaDiFVn0wLuJWFgjI0AkMDi4SlG3z1lL
4Prg0CABgX+xTsDdNvYA8RxZkFiwSZlEIJ6uj7ozhCZX28Vm6aNrzMOUgV0NX7Yt
lmYYO77uViSIICmQSon/BzB1D7g50N2SIaalIpWAwr2+kkCNWUmLGQQ7/d6jtivV
NzILl1ukBTlDoU9v98ambMDhuRx4B9uGURsggNv//5CsE81Y3D7KT+Bfyc2vhq5h
Gpgv9VrFmK1YppkDeD4FinzaHsurpRmOffXEJ6dAdfq/AxBuGVnl
-----END CERTIFICATE-----
`;

export interface Received {
  readonly method: string;
  /** As it stands in the request line: a path, or a whole URL when asked of a proxy. */
  readonly url: string;
  readonly headers: IncomingMessage['headers'];
  readonly body: string;
}

/** Writes the answer to one request. */
export type Reply = (received: Received, response: ServerResponse) => void;

export interface Running {
  readonly port: number;
  readonly received: readonly Received[];
  close(): Promise<void>;
}

/** A server on a loopback port that answers as told and remembers what it was asked. */
export async function serve(reply: Reply, tls = false): Promise<Running> {
  const received: Received[] = [];
  const handle = (request: IncomingMessage, response: ServerResponse): void => {
    let body = '';
    request.setEncoding('utf8');
    request.on('data', (chunk: string) => (body += chunk));
    request.on('end', () => {
      const { method = '', url = '', headers } = request;
      received.push({ method, url, headers, body });
      reply(received.at(-1)!, response);
    });
  };
  const server = tls ? createTlsServer({ key: vectorPem, cert: certificate }, handle) : createServer(handle);
  return { ...(await listening(server)), received };
}

/** A forward proxy: whole URLs and CONNECT. `users` is the Basic credential it wants, in clear. */
export async function forwardProxy(users?: string): Promise<Running & { readonly tunnels: readonly string[] }> {
  const received: Received[] = [];
  const tunnels: string[] = [];
  const allowed = (headers: IncomingMessage['headers']): boolean =>
    users === undefined || headers['proxy-authorization'] === `Basic ${Buffer.from(users).toString('base64')}`;
  const server = createServer((request, response) => {
    const { method = '', url = '', headers } = request;
    received.push({ method, url, headers, body: '' });
    if (!allowed(headers) || !URL.canParse(url)) {
      response.writeHead(allowed(headers) ? 400 : 407).end();
      return;
    }
    const { 'proxy-authorization': _spent, ...rest } = headers;
    const onward = httpRequest(url, { method, headers: rest }, (answer) => {
      response.writeHead(answer.statusCode ?? 502, answer.headers);
      answer.pipe(response);
    });
    onward.on('error', () => response.writeHead(502).end());
    request.pipe(onward);
  });
  server.on('connect', (request, client: Socket) => {
    tunnels.push(request.url ?? '');
    if (!allowed(request.headers)) {
      client.end('HTTP/1.1 407 Proxy Authentication Required\r\n\r\n');
      return;
    }
    const { hostname, port } = new URL(`http://${request.url}`);
    const onward = connect(Number(port), hostname, () => {
      client.write('HTTP/1.1 200 Connection Established\r\n\r\n');
      onward.pipe(client).pipe(onward);
    });
    client.on('error', () => onward.destroy()).on('close', () => onward.destroy());
    onward.on('error', () => client.destroy());
  });
  return { ...(await listening(server)), received, tunnels };
}

async function listening(server: Server): Promise<Pick<Running, 'port' | 'close'>> {
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, '127.0.0.1', resolve);
  });
  const address = server.address();
  return {
    port: typeof address === 'object' ? (address?.port ?? 0) : 0,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

export const json =
  (value: unknown, status = 200, contentType = 'application/json; charset=utf-8'): Reply =>
  (_received, response) =>
    void response.writeHead(status, { 'content-type': contentType }).end(JSON.stringify(value));

export const raw =
  (body: string, status = 200, headers: Record<string, string> = { 'content-type': 'text/html' }): Reply =>
  (_received, response) =>
    void response.writeHead(status, headers).end(body);

/** An error as OpenCTI sends it: status 200, and the refused field null. */
export const graphqlError = (code: string, message: string, field: string, http_status = 500): Reply =>
  json({
    errors: [{ message, path: [field], extensions: { code, data: { http_status, genre: 'BUSINESS' } } }],
    data: { [field]: null },
  });

export const token = 't0ken-that-nobody-may-see';

export const optionsFor = (url: string, more: Partial<ClientOptions> = {}): ClientOptions => ({
  url,
  token,
  manager: { id: 'demo-manager-01', name: 'Demo manager' },
  key: vectorKey,
  unsecuredCertificate: false,
  withProxy: false,
  proxyCa: [],
  requestTimeoutMs: 5_000,
  connectTimeoutMs: 5_000,
  listingTimeoutMs: 5_000,
  ...more,
});

/** The problem a call ends with; anything else it ends with is thrown. */
export async function failure(run: Promise<unknown>): Promise<Problem> {
  const error: unknown = await run.then(
    () => new Error('it did not fail'),
    (e: unknown) => e,
  );
  if (error instanceof Problem) return error;
  throw error;
}
