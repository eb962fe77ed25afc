import { setTimeout as sleep } from 'node:timers/promises';

/** Waits `ms`, or throws the abort reason as soon as the signal aborts. */
export const pause = (ms: number, signal: AbortSignal): Promise<void> => sleep(ms, undefined, { signal });
