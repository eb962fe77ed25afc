import { tooLate } from './errors.ts';

/** What of docker-modem's calls is looked at here; it has no types of its own. */
export interface Dial {
  readonly method: string;
  readonly path: string;
  abortSignal?: AbortSignal | undefined;
  /** Content of X-Registry-Auth; `base64` is taken as it is. */
  authconfig?: object | undefined;
}

export type Answered = (error: unknown, data?: unknown) => void;

export interface Modem {
  /** What stands between host and path. */
  version: string;
  dial(options: Dial, answered: Answered): void;
}

/** The limit ends with the beginning of an answer that is a stream, and with the end of any other. */
export function dialInTime(dial: Modem['dial'], options: Dial, limitMs: number | undefined, answered: Answered): void {
  if (limitMs === undefined) return dial(options, answered);
  const late = new AbortController();
  const given = options.abortSignal;
  const timer = setTimeout(() => late.abort(), limitMs);
  options.abortSignal = given === undefined ? late.signal : AbortSignal.any([given, late.signal]);
  dial(options, (error, data) => {
    clearTimeout(timer);
    answered(error && late.signal.aborted && given?.aborted !== true ? tooLate(limitMs / 1_000) : error, data);
  });
}

/** The caller's end does not wait for work that others wait for too. */
export async function unlessAborted<T>(work: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (signal === undefined) return work;
  signal.throwIfAborted();
  let leave = (): void => undefined;
  try {
    return await Promise.race([
      work,
      new Promise<never>((_resolve, reject) => {
        leave = () => reject(signal.reason as Error);
        signal.addEventListener('abort', leave, { once: true });
      }),
    ]);
  } finally {
    signal.removeEventListener('abort', leave);
  }
}
