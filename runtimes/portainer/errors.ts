import { Problem, retryable } from '../../model/errors.ts';
import { daemonMessage, statusOf } from '../docker/errors.ts';

const untrusted =
  /^(DEPTH_ZERO_SELF_SIGNED_CERT|SELF_SIGNED_CERT_IN_CHAIN|UNABLE_TO_|CERT_|ERR_TLS_CERT_ALTNAME_INVALID)/;

/**
 * What Portainer says of itself, or why it is not reached. Answers of the engine behind it pass as they are: they mean
 * the same as without Portainer. `creating`: a 403 is then Portainer's opinion of the container, not of the key.
 */
export function translated(error: unknown, creating: boolean): unknown {
  if (error instanceof Problem) return error;
  const status = statusOf(error);
  if (status === 401) return unusable('Portainer refuses the API key; set daemon.portainer.api_key to a valid one');
  if (status === 403 && !creating)
    return unusable(
      `Portainer forbids this (${daemonMessage(error)}); the user of daemon.portainer.api_key needs access to the environment daemon.portainer.env_id`,
    );
  if (status !== undefined) return error;
  const code = (error as { code?: string }).code ?? 'no reason given';
  if (code === 'ABORT_ERR') return error;
  if (untrusted.test(code))
    return unusable(
      `Portainer's certificate is not trusted (${code}); give its CA in daemon.portainer.ca, or set daemon.portainer.unsecured_certificate: true`,
    );
  if (code.startsWith('PROXY_'))
    return unusable(
      `the proxy does not connect to Portainer (it answers ${code.slice('PROXY_'.length)}); name Portainer's host in NO_PROXY if it needs none`,
    );
  return unusable(`Portainer does not answer (${code}); check that it runs and that daemon.portainer.api is right`);
}

const unusable = (text: string): Problem => retryable('RuntimeUnavailable', text);

export const environmentGone = (id: string): Problem =>
  unusable(`Portainer has no environment ${id}, or it is not one of Docker; set daemon.portainer.env_id`);

export const tooLate = (seconds: number): Problem =>
  unusable(`Portainer did not answer within ${seconds} s (daemon.portainer.timeout)`);
