import { setTimeout as sleep } from 'node:timers/promises';
import { alive } from '../../tools/processes.ts';

/** A child that was started and is ready. */
export interface Process {
  readonly pid: number;
  /** Its exit code; -1 where it is not known. */
  readonly ended: Promise<number>;
  stop(): Promise<void>;
}

export interface Keeping {
  readonly launch: () => Promise<Process>;
  /** Tells a person that it ended, and in how many ms it is started again. */
  readonly onEnd: (code: number, delayMs: number) => void;
  /** Exit codes after which starting again is pointless. */
  readonly final?: (code: number) => boolean;
}

export interface Kept {
  /** Ends it for good. */
  stop(): Promise<void>;
  /** The exit code after which it was given up; never settles otherwise. */
  readonly givenUp: Promise<number>;
}

const firstDelayMs = 1_000;
const longestDelayMs = 30_000;
/** After this long in good health the next end counts as the first again. */
const healthyMs = 60_000;

export const backOff = (failures: number): number => Math.min(firstDelayMs * 2 ** (failures - 1), longestDelayMs);

/** Starts a child and starts it again, with back-off, whenever it ends. Throws when the first start fails. */
export async function keep({ launch, onEnd, final }: Keeping): Promise<Kept> {
  const stopping = new AbortController();
  let current: Process | undefined = await launch();
  let giveUp: (code: number) => void = () => undefined;
  const givenUp = new Promise<number>((resolve) => (giveUp = resolve));

  const watch = async (): Promise<void> => {
    let failures = 0;
    let since = Date.now();
    while (!stopping.signal.aborted) {
      const code = current === undefined ? -1 : await current.ended;
      if (stopping.signal.aborted) return;
      current = undefined;
      if (final?.(code) === true) return giveUp(code);
      failures = Date.now() - since > healthyMs ? 1 : failures + 1;
      onEnd(code, backOff(failures));
      await sleep(backOff(failures), undefined, { signal: stopping.signal }).catch(() => undefined);
      if (stopping.signal.aborted) return;
      since = Date.now();
      current = await launch().catch(() => undefined);
    }
  };
  const watching = watch();
  return {
    givenUp,
    stop: async () => {
      stopping.abort();
      await current?.stop();
      await Promise.race([watching, givenUp]);
      await current?.stop();
    },
  };
}

/** End of a process that is known by its pid only. */
export async function endOf(pid: number): Promise<number> {
  while (alive(pid)) await sleep(250);
  return -1;
}
