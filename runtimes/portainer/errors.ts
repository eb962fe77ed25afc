import { Problem, retryable } from '../../model/errors.ts';
import { daemonMessage, statusOf } from '../docker/errors.ts';

const untrusted = /^(DEPTH_ZERO_SELF_SIGNED_CERT|SELF_SIGNED_CERT_IN_CHAIN|UNABLE_TO_|CERT_)/;

/** What Portainer says of itself, or why it is not reached. What may be the engine's own answer passes as it is. */
export function translated(error: unknown): unknown {
  if (error instanceof Problem) return error;
  const status = statusOf(error);
  return status === undefined
    ? (unreached((error as { code?: unknown }).code) ?? error)
    : (answered(error, status) ?? error);
}

function unreached(reason: unknown): Problem | undefined {
  const code = typeof reason === 'string' ? reason : 'no reason given';
  if (code === 'ABORT_ERR') return undefined;
  if (code === 'ERR_TLS_CERT_ALTNAME_INVALID')
    return unusable(
      `Portainer's certificate is for another host name (${code}); use a name it has in daemon.portainer.api, or set daemon.portainer.unsecured_certificate: true (daemon.portainer.ca does not help here)`,
    );
  if (untrusted.test(code))
    return unusable(
      `Portainer's certificate is not trusted (${code}); give its CA in daemon.portainer.ca, or set daemon.portainer.unsecured_certificate: true`,
    );
  if (code.startsWith('PROXY_'))
    return unusable(
      `the proxy does not connect to Portainer (it answers ${code.slice('PROXY_'.length)}); name Portainer's host in NO_PROXY if it needs none`,
    );
  if (code === 'ERR_SSL_WRONG_VERSION_NUMBER' || code === 'EPROTO')
    return unusable(`Portainer does not speak TLS there (${code}); check scheme and port of daemon.portainer.api`);
  return unusable(`Portainer does not answer (${code}); check that it runs and that daemon.portainer.api is right`);
}

/** Portainer's own errors have `details` beside the message; the engine's have not. */
function answered(error: unknown, status: number): Problem | undefined {
  const own = typeof (error as { json?: { details?: unknown } }).json?.details === 'string';
  const words = daemonMessage(error) || 'no reason given';
  if (status === 301 || status === 302 || status === 303 || status === 307 || status === 308)
    return unusable(
      `Portainer answers with a redirect (${status}); put its final address into daemon.portainer.api, and finish its first set-up if that is still open`,
    );
  if (status === 502 || status === 503 || status === 504 || (own && status >= 500))
    return unusable(
      `Portainer does not reach the engine of its environment (${status}: ${words}); look at the environment of daemon.portainer.env_id in Portainer`,
    );
  return undefined;
}

const unusable = (text: string): Problem => retryable('RuntimeUnavailable', text);

export const keyRefused = (): Problem =>
  unusable('Portainer refuses the API key; set daemon.portainer.api_key to a valid one');

export const forbidden = (error: unknown, id: string): Problem =>
  unusable(
    `Portainer forbids this (${daemonMessage(error) || 'no reason given'}); the user of daemon.portainer.api_key needs access to environment ${id} (daemon.portainer.env_id) and its containers`,
  );

export const environmentGone = (id: string): Problem =>
  unusable(`Portainer has no environment ${id}, or it is not one of Docker; set daemon.portainer.env_id`);

export const notPortainer = (): Problem =>
  unusable('what answers is not Portainer but perhaps a log-in page or a proxy before it; check daemon.portainer.api');

export const tooLate = (seconds: number): Problem =>
  unusable(`Portainer did not answer within ${seconds} s (daemon.portainer.timeout)`);
