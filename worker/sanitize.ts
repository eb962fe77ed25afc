import { CancelledFailure, CompleteAsyncError } from '@temporalio/activity';
import { ApplicationFailure, ApplicationFailureCategory } from '@temporalio/common';
import type { ActivityExecuteInput, ActivityInboundCallsInterceptor, Next } from '@temporalio/worker';
import type { Log } from '../activities/deps.ts';
import { Problem } from '../model/errors.ts';

/**
 * Stands between every error and workflow history. Client libraries put whole requests and responses into their error
 * messages, and history stores messages in plain text: so each thrown value is rebuilt from its named type and its own
 * short message, without a cause. What is not a `Problem` says only where to look. Cancellation passes untouched.
 */
export function sanitized(log: Log, activity: string): ActivityInboundCallsInterceptor {
  return {
    async execute(
      input: ActivityExecuteInput,
      next: Next<ActivityInboundCallsInterceptor, 'execute'>,
    ): Promise<unknown> {
      try {
        return await next(input);
      } catch (error) {
        throw translate(error, log, activity);
      }
    },
  };
}

export function translate(error: unknown, log: Log, activity: string): unknown {
  if (error instanceof CancelledFailure || error instanceof CompleteAsyncError || isAbort(error)) return error;
  if (!(error instanceof Problem)) {
    log.error('unexpected error', { activity, error });
    return ApplicationFailure.create({
      type: 'Unexpected',
      message: `unexpected error in ${activity}; see the worker log`,
    });
  }
  log.debug('activity failed', { activity, type: error.type, message: error.message });
  return ApplicationFailure.create({
    type: error.type,
    message: error.message.slice(0, 500),
    nonRetryable: error.kind === 'permanent',
    ...(error.after === undefined ? {} : { nextRetryDelay: error.after }),
    ...(error.kind === 'benign' ? { category: ApplicationFailureCategory.BENIGN } : {}),
  });
}

const isAbort = (error: unknown): boolean => error instanceof Error && error.name === 'AbortError';
