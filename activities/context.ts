import { Context } from '@temporalio/activity';

const beat = 3_000;

/** Heartbeats while `work` runs and hands it the attempt's abort signal; the latest progress text travels along. */
export async function heartbeating<T>(
  work: (signal: AbortSignal, progress: (text: string) => void) => Promise<T>,
): Promise<T> {
  const context = Context.current();
  let text = '';
  context.heartbeat(text);
  const timer = setInterval(() => context.heartbeat(text), beat);
  try {
    return await work(context.cancellationSignal, (next) => {
      text = next;
    });
  } finally {
    clearInterval(timer);
  }
}
