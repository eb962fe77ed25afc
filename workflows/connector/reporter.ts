import { condition, sleep } from '@temporalio/workflow';
import type { MainActivities, Report } from '../../activities/types.ts';
import { reportDelay } from '../../model/backoff.ts';

/**
 * Tells the platform, beside the main loop: a platform that does not answer never delays a stop or a restart. Only the
 * newest value of each kind is sent; a failed push is tried again with back-off until it is superseded.
 */
export interface Reporter {
  /** Adds to what is to be told; newer members replace older ones. */
  tell(part: Omit<Report, 'platform' | 'id'>): void;
  /** Nothing waiting and nothing on its way. */
  idle(): boolean;
  /** Ends the loop once all is told, or at once with `drop`. */
  close(): void;
}

export function reporter(
  key: Pick<Report, 'platform' | 'id'>,
  report: MainActivities['report'],
  accepted: (sent: Report, at: string) => void,
): Reporter {
  let waiting: Omit<Report, 'platform' | 'id'> | undefined;
  let sending = false;
  let closed = false;

  const run = async (): Promise<void> => {
    let failures = 0;
    for (;;) {
      await condition(() => waiting !== undefined || closed);
      if (waiting === undefined) return;
      const part: Omit<Report, 'platform' | 'id'> = waiting;
      waiting = undefined;
      sending = true;
      try {
        const outcome = await report({ ...key, ...part });
        failures = 0;
        if (outcome.known) accepted({ ...key, ...part }, outcome.at);
      } catch {
        failures += 1;
        const newer = waiting as Omit<Report, 'platform' | 'id'> | undefined;
        waiting = { ...part, ...newer };
        if (closed && failures > 3) return;
        await sleep(reportDelay(failures, Math.random()), {
          summary: `platform did not take the report, try ${failures}`,
        });
      } finally {
        sending = false;
      }
    }
  };
  void run();
  return {
    tell: (part) => {
      waiting = { ...waiting, ...part };
    },
    idle: () => waiting === undefined && !sending,
    close: () => {
      closed = true;
    },
  };
}
