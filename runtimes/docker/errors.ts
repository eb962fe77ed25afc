import { Problem, permanent, retryable } from '../../model/errors.ts';

/** What dockerode throws: an HTTP status with the daemon's message, or a socket error. */
interface EngineError {
  readonly statusCode?: number;
  readonly code?: string;
  readonly message?: string;
  readonly json?: { readonly message?: string };
}

export const statusOf = (error: unknown): number | undefined => (error as EngineError).statusCode;

/** The daemon's own sentence, cut short. It speaks of names, images and options, never of environment values. */
export function daemonMessage(error: unknown): string {
  const { json, message = '' } = error as EngineError;
  // Where the answer was a stream the sentence stands only in dockerode's own message.
  const text = json?.message ?? /^\(HTTP code \d+\)[^-]*- ([\s\S]*)$/.exec(message)?.[1] ?? '';
  return text.replaceAll(/\s+/g, ' ').trim().slice(0, 300);
}

/** An error of a read or of the connection: the engine did not do its part. A `Problem` passes as it is. */
export function unavailable(error: unknown, signal?: AbortSignal): Error {
  if (signal?.aborted === true) {
    const reason: unknown = signal.reason;
    if (reason instanceof Error && reason.name === 'TimeoutError')
      return retryable('RuntimeUnavailable', 'the Docker engine took too long (daemon.docker.timeout)');
    return reason instanceof Error ? reason : new Error('aborted');
  }
  if (error instanceof Problem) return error;
  const status = statusOf(error);
  if (status !== undefined)
    return retryable(
      'RuntimeUnavailable',
      `the Docker engine answered ${status}: ${daemonMessage(error) || 'no reason given'}`,
    );
  const code = (error as EngineError).code;
  return retryable(
    'RuntimeUnavailable',
    `the Docker engine does not answer${code === undefined ? '' : ` (${code})`}; check that it runs and that daemon.docker.host or DOCKER_HOST is right`,
  );
}

/** An error of a create: a 4xx is a refusal of what we asked for. */
export function refused(error: unknown, name: string, signal?: AbortSignal): Error {
  const status = statusOf(error);
  if (signal?.aborted === true || error instanceof Problem || status === undefined || status >= 500)
    return unavailable(error, signal);
  if (status === 409) return permanent('NameConflict', `the container name "${name}" is taken`);
  return permanent('CreateRefused', `the engine refused to create "${name}": ${daemonMessage(error)}`);
}

export function startFailed(error: unknown, name: string, signal?: AbortSignal): Error {
  if (signal?.aborted === true || error instanceof Problem || statusOf(error) === undefined)
    return unavailable(error, signal);
  return retryable('StartFailed', `"${name}" was not started: ${daemonMessage(error)}`);
}
