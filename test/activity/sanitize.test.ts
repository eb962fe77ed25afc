import { ActivityFailure, ApplicationFailure, ApplicationFailureCategory, CancelledFailure } from '@temporalio/common';
import { CompleteAsyncError, Context } from '@temporalio/activity';
import { defaultFailureConverter, defaultPayloadConverter } from '@temporalio/common';
import { MockActivityEnvironment } from '@temporalio/testing';
import { DefaultLogger } from '@temporalio/worker';
import { beforeEach, describe, expect, test } from 'vitest';
import type { Log } from '../../activities/deps.ts';
import { benign, permanent, retryable } from '../../model/errors.ts';
import { sanitized } from '../../worker/sanitize.ts';

/** What of an activity's error reaches workflow history, and what the worker's log. */
const secret = 'Bearer s3cret-token';

describe('an error on its way out of an activity', () => {
  let logged: { readonly level: string; readonly message: string; readonly data: unknown }[];
  const log: Log = {
    debug: (message, data) => void logged.push({ level: 'debug', message, data }),
    info: (message, data) => void logged.push({ level: 'info', message, data }),
    warn: (message, data) => void logged.push({ level: 'warn', message, data }),
    error: (message, data) => void logged.push({ level: 'error', message, data }),
  };
  beforeEach(() => {
    logged = [];
  });
  const environment = () =>
    new MockActivityEnvironment(
      {},
      { interceptors: [() => ({ inbound: sanitized(log, 'deploy') })], logger: new DefaultLogger('ERROR') },
    );
  const thrownBy = (work: () => Promise<unknown>): Promise<unknown> =>
    environment()
      .run(work)
      .then(
        () => undefined,
        (error: unknown) => error,
      );
  const from = async (error: unknown): Promise<ApplicationFailure> => {
    const thrown = await thrownBy(() => Promise.reject(error as Error));
    if (!(thrown instanceof ApplicationFailure)) throw new Error('not an ApplicationFailure', { cause: thrown });
    return thrown;
  };
  /** As it is stored in history. */
  const stored = (error: unknown): string =>
    JSON.stringify(defaultFailureConverter.errorToFailure(error, defaultPayloadConverter));

  test('of ours keeps type and message; its kind says whether it is tried again', async () => {
    expect(await from(retryable('ImagePull', 'not found'))).toMatchObject({
      type: 'ImagePull',
      message: 'not found',
      nonRetryable: false,
      nextRetryDelay: undefined,
    });
    expect(await from(retryable('PlatformUnavailable', 'later', 7_000))).toMatchObject({ nextRetryDelay: 7_000 });
    expect(await from(permanent('NameConflict', 'taken'))).toMatchObject({ type: 'NameConflict', nonRetryable: true });
    expect(await from(benign('Superseded', 'newer'))).toMatchObject({ category: ApplicationFailureCategory.BENIGN });
    expect(logged.filter((l) => l.level === 'error')).toEqual([]);
  });

  test('that nobody expected says only where to look', async () => {
    const error = new Error(`POST {"authorization":"${secret}"}`, { cause: new Error(secret) });
    const failure = await from(Object.assign(error, { response: { headers: secret } }));
    expect(failure).toMatchObject({
      type: 'Unexpected',
      message: 'unexpected error in deploy; see the worker log',
      nonRetryable: false,
    });
    expect(stored(failure)).not.toContain('s3cret');
    expect(logged).toEqual([{ level: 'error', message: 'unexpected error', data: { activity: 'deploy', error } }]);
  });

  test.each([
    ['a text', secret],
    ['an object', { message: secret }],
    ['a failure of a library', ApplicationFailure.nonRetryable(secret, secret)],
    ['a failure of another activity', new ActivityFailure(secret, 'a', '1', 'TIMEOUT', 'worker')],
    ['nothing', undefined],
  ])('that is %s is no other', async (_, value) => {
    expect(stored(await from(value))).not.toContain('s3cret');
  });

  test('of ours loses its cause, and a message of any length is short in history', async () => {
    const failure = await from(
      Object.assign(permanent('CreateRefused', 'x'.repeat(2_000)), { cause: new Error(secret) }),
    );
    expect(failure.message).toHaveLength(500);
    expect(failure.cause).toBeUndefined();
    expect(stored(failure)).not.toContain('s3cret');
  });

  test('a cancellation passes as it is', async () => {
    const env = environment();
    const cancelled = env.run(async () => Context.current().cancelled);
    env.cancel();
    await expect(cancelled).rejects.toBeInstanceOf(CancelledFailure);
    const aborted = AbortSignal.abort();
    expect(await thrownBy(async () => aborted.throwIfAborted())).toBe(aborted.reason);
    const later = new CompleteAsyncError();
    expect(await thrownBy(() => Promise.reject(later))).toBe(later);
    expect(logged).toEqual([]);
  });

  test('a result passes as it is', async () => {
    expect(await environment().run(() => Promise.resolve({ seen: 1 }))).toEqual({ seen: 1 });
  });
});
