import { setTimeout as sleep } from 'node:timers/promises';

/** One supervised process: started again with back-off whenever it ends, until it is to stop. */
export interface Supervised {
  readonly name: string;
  pid(): number | undefined;
  stop(): Promise<void>;
}

export interface Running {
  readonly pid: number;
  /** Resolves with the exit code when the process is gone. */
  readonly ended: Promise<number | null>;
  stop(): Promise<void>;
}

const first = 1_000;
const longest = 30_000;
/** A process that ran this long starts again without delay (ms). */
const steady = 60_000;

/**
 * Starts it and keeps it running. `onEnd` hears of every unplanned end and may veto the restart (an unusable
 * configuration does not mend itself).
 */
export async function supervise(
  name: string,
  start: () => Promise<Running>,
  changed: () => void,
  onEnd: (code: number | null) => boolean,
): Promise<Supervised> {
  let current: Running | undefined = await start();
  let stopping = false;
  changed();
  const loop = (async () => {
    let delay = first;
    while (!stopping && current !== undefined) {
      const since = Date.now();
      const code = await current.ended;
      if (stopping) return;
      current = undefined;
      changed();
      if (!onEnd(code)) return;
      delay = Date.now() - since > steady ? first : Math.min(delay * 2, longest);
      await sleep(delay);
      while (!stopping && current === undefined) {
        try {
          current = await start();
          changed();
        } catch {
          await sleep(delay);
          delay = Math.min(delay * 2, longest);
        }
      }
    }
  })();
  return {
    name,
    pid: () => current?.pid,
    stop: async () => {
      stopping = true;
      await current?.stop();
      await Promise.race([loop, sleep(100)]);
    },
  };
}
