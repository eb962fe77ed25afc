import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import Docker from 'dockerode';
import { type PortainerOptions } from '../../runtimes/portainer.ts';
import type { Spec } from '../../runtimes/runtime.ts';
import { demoImage } from '../../tools/image.ts';
import { type Shim, type ShimOptions, startShim } from '../support/portainer-shim.ts';

export const key = 'ptr_a-key-nobody-must-see';
export const socket = (process.env['DOCKER_HOST'] ?? '').replace('unix://', '');
/** The engine itself, past Portainer. */
export const engine = (): Docker => new Docker({ socketPath: socket });
export const signal = (): AbortSignal => AbortSignal.timeout(60_000);

export const shimFor = (more: Partial<ShimOptions> = {}): Promise<Shim> =>
  startShim({ socket, key, environmentId: '3', ...more });

export const optionsFor = (url: string, more: Partial<PortainerOptions> = {}): PortainerOptions => ({
  api: url,
  apiKey: key,
  environment: '3',
  environmentType: 'docker',
  apiVersion: 'v1.44',
  unsecuredCertificate: false,
  answerMs: 20_000,
  timeoutMs: 60_000,
  hostOptions: { networkMode: 'none' },
  pullConcurrency: 2,
  stopTimeout: 3,
  ...more,
});

export const specFor = (managerId: string, name: string, changes: Partial<Spec> = {}): Spec => ({
  connectorId: name,
  name,
  image: demoImage,
  env: [{ key: 'OPENCTI_CONFIG_HASH', value: 'h1', sensitive: false }],
  labels: {
    'opencti-manager': managerId,
    'opencti-connector-id': name,
    'opencti-platform': 'opencti',
    'cadenza-spec-hash': 's',
  },
  contractHash: 'h1',
  specHash: 's',
  ...changes,
});

export async function removeAll(managerId: string): Promise<void> {
  const all = await engine().listContainers({ all: true, filters: { label: [`opencti-manager=${managerId}`] } });
  await Promise.all(all.map((c) => engine().getContainer(c.Id).remove({ force: true, v: true })));
}

/** A certificate that vouches for itself, for this name. */
export function selfSigned(dir: string, name = 'IP:127.0.0.1'): { readonly key: string; readonly cert: string } {
  const [keyFile, certFile] = [join(dir, 'portainer-key.pem'), join(dir, 'portainer-cert.pem')];
  execFileSync(
    'openssl',
    ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-days', '2', '-subj', '/CN=portainer'].concat([
      '-addext',
      `subjectAltName=${name}`,
      '-keyout',
      keyFile,
      '-out',
      certFile,
    ]),
    { stdio: 'ignore' },
  );
  return { key: readFileSync(keyFile, 'utf8'), cert: readFileSync(certFile, 'utf8') };
}
