import { Context } from '@temporalio/activity';
import { benign } from '../model/errors.ts';

const beat = 3_000;

/**
 * Heartbeats while `work` runs and hands it the attempt's abort signal; the latest progress text travels along. Work
 * without an end is given `stopping` as well: it ends as soon as the worker is to stop, and the next worker goes on.
 */
export async function heartbeating<T>(
  work: (signal: AbortSignal, progress: (text: string) => void) => Promise<T>,
  stopping?: AbortSignal,
): Promise<T> {
  const context = Context.current();
  let text = '';
  // The start counts as a beat: what is done within three seconds costs none.
  const timer = setInterval(() => context.heartbeat(text), beat);
  try {
    const signal =
      stopping === undefined ? context.cancellationSignal : AbortSignal.any([context.cancellationSignal, stopping]);
    return await work(signal, (next) => {
      text = next;
    });
  } catch (error) {
    if (stopping?.aborted === true) throw benign('NotReady', 'this worker is stopping; the next one goes on');
    throw error;
  } finally {
    clearInterval(timer);
  }
}
