import { Problem, permanent, retryable } from '../../model/errors.ts';
import { ApiError } from './api.ts';

/** What went wrong with a call, as a `Problem` that says what to do. */

const roleHint = 'grant it (deploy/kubernetes/rbac.yaml has all that is needed)';

export const isStatus = (error: unknown, ...statuses: readonly number[]): error is ApiError =>
  error instanceof ApiError && statuses.includes(error.status);

/** An error of a read or of the connection. Only a 404, which the callers handle, is proof of absence. */
export function unavailable(error: unknown, signal?: AbortSignal): Error {
  if (error instanceof Problem) return error;
  if (signal?.aborted === true) {
    const reason: unknown = signal.reason;
    return reason instanceof Error ? reason : new Error('aborted');
  }
  if (!(error instanceof ApiError)) return noAnswer(error);
  const said = error.message === '' ? 'no reason given' : error.message;
  switch (error.status) {
    case 401:
      return permanent(
        'NotPermitted',
        'the Kubernetes API server does not accept the credentials; check the kubeconfig or the service account',
      );
    case 403:
      return permanent('NotPermitted', `not allowed on the cluster: ${said}; ${roleHint}`);
    default:
      return retryable(
        'RuntimeUnavailable',
        `the Kubernetes API server answered ${error.status}: ${said}`,
        error.after,
      );
  }
}

function noAnswer(error: unknown): Problem {
  const { name, code, cause } = error as { name?: string; code?: string; cause?: { code?: string } };
  if (name === 'TimeoutError' || code === 'UND_ERR_HEADERS_TIMEOUT' || code === 'UND_ERR_BODY_TIMEOUT')
    return retryable('RuntimeUnavailable', 'the Kubernetes API server took too long');
  const why = code ?? cause?.code;
  return retryable(
    'RuntimeUnavailable',
    `the Kubernetes API server does not answer${why === undefined ? '' : ` (${why})`}; check that it runs and that KUBECONFIG or the context is right`,
  );
}

/** Words of admission, which answers 403 like missing rights do, but means the object and not the account. */
const admission = /exceeded quota|admission webhook|denied the request|violates PodSecurity|ValidatingAdmissionPolicy/;

/** An error of a write: a 4xx is a refusal of what was asked for. `what` names it, such as `Deployment "mitre"`. */
export function refused(error: unknown, what: string, signal?: AbortSignal): Error {
  if (signal?.aborted === true || !(error instanceof ApiError)) return unavailable(error, signal);
  const { status, reason, message } = error;
  if (status === 403 && admission.test(message))
    return permanent('CreateRefused', `the cluster refused ${what}: ${message}`);
  if (status === 404 && /namespaces? "[^"]*" not found/.test(message))
    return permanent(
      'CreateRefused',
      `${message}; create the namespace or set daemon.kubernetes.namespace to one that exists`,
    );
  if (status === 409)
    return reason === 'AlreadyExists' || message.includes('conflict with')
      ? permanent('NameConflict', `${what} belongs to something else`)
      : retryable('RuntimeUnavailable', `${what} was changed by somebody else at the same time; trying again`);
  // A member that the schema does not know makes an apply fail like a fault of the server's own.
  const unknownMember = message.includes('field not declared in schema') || message.includes('typed patch object');
  if ([400, 413, 415, 422].includes(status) || unknownMember)
    return permanent('CreateRefused', `the cluster refused ${what}: ${message || `status ${status}`}`);
  return unavailable(error, signal);
}

/** The one refusal that only a new object can mend: labels changed under a selector that cannot change. */
export const isSelectorRefusal = (error: unknown): boolean =>
  isStatus(error, 422) &&
  error.message.includes('selector') &&
  /does not match template|field is immutable/.test(error.message);
