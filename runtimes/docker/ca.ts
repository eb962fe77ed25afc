import type Docker from 'dockerode';
import { pack } from 'tar-stream';
import { permanent } from '../../model/errors.ts';
import { daemonMessage, statusOf, unavailable } from './errors.ts';

/** Where connectors find the CA bundle. */
const caFile = 'etc/ssl/certs/xtm-proxy-ca.crt';

/** Copies the bundle into a created container: a bind mount would need a path that manager and engine share. */
export async function deliverCa(container: Docker.Container, bundle: string, signal: AbortSignal): Promise<void> {
  const tar = pack();
  tar.entry({ name: caFile, mode: 0o444, uid: 0, gid: 0 }, bundle);
  tar.finalize();
  try {
    await container.putArchive(tar as unknown as NodeJS.ReadableStream, { path: '/', abortSignal: signal });
  } catch (error) {
    const status = statusOf(error);
    if (status === undefined || status >= 500) throw unavailable(error, signal);
    throw permanent('CreateRefused', `the CA bundle could not be copied into the container: ${daemonMessage(error)}`);
  }
}
