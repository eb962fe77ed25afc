import {
  ServiceError,
  WorkflowNotFoundError,
  WorkflowUpdateFailedError,
  WorkflowUpdateRPCTimeoutOrCancelledError,
  isGrpcServiceError,
} from '@temporalio/client';
import { ApplicationFailure } from '@temporalio/common';
import { Failure, failed, refused, unreachable } from './failure.ts';

const cancelled = 1;
const invalidArgument = 3;
const deadlineExceeded = 4;
const notFound = 5;
const permissionDenied = 7;
const failedPrecondition = 9;
const unavailable = 14;
const unauthenticated = 16;

const grpcCode = (error: unknown): number | undefined => {
  const cause = error instanceof ServiceError ? error.cause : error;
  return isGrpcServiceError(cause) ? cause.code : undefined;
};

/** True when the server took the call but no worker answered it in time. */
export const noWorker = (error: unknown): boolean =>
  error instanceof WorkflowUpdateRPCTimeoutOrCancelledError ||
  [cancelled, deadlineExceeded, failedPrecondition].includes(grpcCode(error) ?? -1);

/** A search attribute that no worker has registered yet: nothing can carry it. */
export const unknownAttribute = (error: unknown): boolean =>
  grpcCode(error) === invalidArgument && /search attribute|Cadenza(Platform|Phase)/i.test(message(error));

/** An error of the Temporal client as what it means to the person. */
export function translated(error: unknown, address: string, namespace: string): Failure {
  if (error instanceof Failure) return error;
  if (error instanceof WorkflowUpdateFailedError) {
    const { cause } = error;
    const kind = cause instanceof ApplicationFailure ? (cause.type ?? 'Failed') : 'Failed';
    return failed(kind, cause?.message ?? error.message);
  }
  if (error instanceof WorkflowNotFoundError) return failed('Gone', 'its workflow does not run any more');
  if (noWorker(error))
    return unreachable('no worker answers; look at its log, or start it with "npm start" or "npm run worker"');
  const code = grpcCode(error);
  if (code === unavailable) return unreachable(`the Temporal server at ${address} does not answer any more`);
  if (code === notFound || (error instanceof Error && error.name === 'NamespaceNotFoundError'))
    return refused(
      'InvalidConfiguration',
      `the Temporal server at ${address} has no namespace ${namespace}; set TEMPORAL_NAMESPACE`,
    );
  if (code === permissionDenied || code === unauthenticated)
    return refused(
      'NotPermitted',
      `the Temporal server at ${address} refuses the credentials; check TEMPORAL_API_KEY or the profile`,
    );
  if (/binary\/encrypted|UnreadablePayload/.test(`${message(error)} ${error instanceof Error ? error.name : ''}`))
    return refused(
      'InvalidConfiguration',
      'what Temporal stores is encrypted: give this command the configuration of the worker, or its TEMPORAL__PAYLOAD_ENCRYPTION_KEY (or ..._KEY_FILEPATH)',
    );
  return failed('Unexpected', message(error));
}

const message = (error: unknown): string => {
  const cause = error instanceof ServiceError && error.cause instanceof Error ? error.cause.message : undefined;
  return cause ?? (error instanceof Error ? error.message : 'unknown error');
};
