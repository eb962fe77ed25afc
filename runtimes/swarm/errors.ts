import { Problem, permanent, retryable } from '../../model/errors.ts';
import { daemonMessage, statusOf, unavailable as engineUnavailable } from '../docker/errors.ts';

/** What went wrong with a call, as a `Problem` that says what to do. */

const elsewhere = 'or set daemon.docker.host (DOCKER_HOST) to a manager of the Swarm';

export const notInitialised = (): Problem =>
  retryable(
    'RuntimeUnavailable',
    `Swarm is not initialised on this Docker engine: run "docker swarm init" on it, ${elsewhere}`,
  );
export const notManager = (): Problem =>
  retryable(
    'RuntimeUnavailable',
    `this Docker engine is a worker of its Swarm, and only managers answer: run "docker node promote" for it, ${elsewhere}`,
  );
export const locked = (): Problem =>
  retryable(
    'RuntimeUnavailable',
    'the Swarm is locked since its engine was restarted: run "docker swarm unlock" on it',
  );
export const leaderless = (): Problem =>
  retryable(
    'RuntimeUnavailable',
    'the Swarm has no leader: bring back a majority of its managers, or run "docker swarm init --force-new-cluster" on the last one',
  );

const says = (error: unknown, text: RegExp): boolean =>
  statusOf(error) !== undefined && text.test(daemonMessage(error));

/** An error of a read or of the connection. Only a 404, which the callers handle, is proof of absence. */
export function unavailable(error: unknown, signal?: AbortSignal): Error {
  if (signal?.aborted !== true && !(error instanceof Problem)) {
    if (says(error, /worker nodes can't be used/i)) return notManager();
    if (says(error, /needs to be unlocked/i)) return locked();
    if (says(error, /not a swarm manager|not part of a swarm/i)) return notInitialised();
    if (says(error, /does not have a leader|too few managers/i)) return leaderless();
  }
  return engineUnavailable(error, signal);
}

/** Somebody changed the service between our look and our write: engines answer 500, newer ones 409. */
export const isStale = (error: unknown): boolean => says(error, /update out of sequence/);

/** What the engine's own words refuse, whatever the status: before API 1.44 a network or config that is not there is a 500. */
const refusal = /code = (InvalidArgument|Unimplemented|FailedPrecondition)|(network|config) \S+ not found/;

/** An error of a create or an update: a 4xx is a refusal of what was asked for. */
export function refused(error: unknown, name: string, signal?: AbortSignal): Error {
  const status = statusOf(error);
  if (signal?.aborted === true || error instanceof Problem || status === undefined) return unavailable(error, signal);
  if (isStale(error))
    return retryable('RuntimeUnavailable', `the service "${name}" is being changed by somebody else; trying again`);
  if (status === 409 || says(error, /code = AlreadyExists/))
    return permanent('NameConflict', `the service name "${name}" is taken`);
  if ((status >= 400 && status < 500) || says(error, refusal))
    return permanent('CreateRefused', `the Swarm refused the service "${name}": ${plain(error)}`);
  return unavailable(error, signal);
}

/** Without the words of the transport between daemon and Swarm. */
const plain = (error: unknown): string => daemonMessage(error).replace(/^rpc error: code = \w+ desc = /, '');
