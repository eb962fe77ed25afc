import { Problem } from '../model/errors.ts';
import { jittered } from '../model/backoff.ts';
import { heartbeating } from './context.ts';
import type { Deps } from './deps.ts';
import { siteOf } from './look.ts';
import { pause } from './pause.ts';
import type { MainActivities } from './types.ts';

const first = 5_000;

/** Registers, then pings every period, whatever the runtime and the listing do. Ends by cancellation only. */
export function keepAlive(deps: Deps): MainActivities['keepAlive'] {
  return ({ platform }) =>
    heartbeating(async (signal, progress) => {
      const site = siteOf(deps.sites, platform);
      let failures = 0;
      for (;;) {
        let delay = site.cadence.ping;
        try {
          await site.registration.ping(signal);
          if (failures > 0) deps.log.info('the platform answers again', { platform });
          failures = 0;
          progress('alive');
        } catch (error) {
          if (signal.aborted) throw error;
          failures += 1;
          const known = error instanceof Problem ? error : undefined;
          // A refusal keeps its own time (five minutes, kept by the registration); everything else backs off to a period.
          delay = jittered(Math.min(first * 2 ** (failures - 1), site.cadence.ping), Math.random());
          const message = known?.message ?? 'unexpected error, see the worker log';
          progress(message);
          if (failures === 1)
            deps.log.warn('the platform does not take the ping', { platform, message, ...(known ? {} : { error }) });
        }
        await pause(delay, signal);
      }
    }, deps.stopping);
}
