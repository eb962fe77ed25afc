import { request } from 'node:https';

/** Where an API server is, and who asks. */
export interface Access {
  readonly port: number;
  readonly ca: string;
  readonly token: string;
}

export interface Answer {
  readonly status: number;
  readonly body: string;
}

/** Answer of the API server to the administrator; rejects when nothing answers. With `create`, an object, it is a POST. */
export function ask(access: Access, path: string, create?: object): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const { port, ca, token } = access;
    const method = create === undefined ? 'GET' : 'POST';
    const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' };
    const call = request({ host: '127.0.0.1', port, ca, method, path, headers, timeout: 5_000 }, (answer) => {
      let body = '';
      answer.on('data', (chunk: Buffer) => (body += chunk));
      answer.on('error', reject);
      answer.on('end', () => resolve({ status: answer.statusCode ?? 0, body }));
    });
    call.on('timeout', () => call.destroy(new Error('the API server does not answer')));
    call.on('error', reject);
    call.end(create === undefined ? undefined : JSON.stringify(create));
  });
}

/** The administrator's kubeconfig. */
export const kubeconfigText = ({ port, ca, token }: Access): string =>
  JSON.stringify({
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [
      {
        name: 'cadenza',
        cluster: {
          server: `https://127.0.0.1:${port}`,
          'certificate-authority-data': Buffer.from(ca).toString('base64'),
        },
      },
    ],
    users: [{ name: 'admin', user: { token } }],
    contexts: [{ name: 'cadenza', context: { cluster: 'cadenza', user: 'admin', namespace: 'default' } }],
    'current-context': 'cadenza',
  });
