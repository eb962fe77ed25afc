import { ActivityCancellationType, proxyActivities } from '@temporalio/workflow';
import type { Acted, MainActivities, RuntimeActivities } from '../../activities/types.ts';
import type { Announcement } from '../../model/announce.ts';
import { type Desired } from '../../model/observation.ts';
import type { Step } from '../../model/plan.ts';
import type { ConnectorInput } from '../messages.ts';

/**
 * The activities of one connector. A mutation is tried once: the entity looks again after a failure and decides anew,
 * with its own back-off; a lost worker shows within the heartbeat timeout.
 */
export function connectorActivities(input: Pick<ConnectorInput, 'platform' | 'id' | 'runtimeQueue'>) {
  const { platform, id, runtimeQueue: taskQueue } = input;
  const once = {
    taskQueue,
    heartbeatTimeout: '10s',
    retry: { maximumAttempts: 1 },
    cancellationType: ActivityCancellationType.WAIT_CANCELLATION_COMPLETED,
  } as const;
  // Pulls may take long; the limit is far above `manager.pull_timeout`, which ends them with a better message.
  const long = proxyActivities<RuntimeActivities>({ ...once, startToCloseTimeout: '2h' });
  const short = proxyActivities<RuntimeActivities>({ ...once, startToCloseTimeout: '5m' });
  const look = proxyActivities<RuntimeActivities>({
    taskQueue,
    startToCloseTimeout: '1m',
    retry: { initialInterval: '1s', maximumInterval: '30s' },
  });
  const main = proxyActivities<MainActivities>({ startToCloseTimeout: '2m', retry: { maximumAttempts: 1 } });

  const key = { platform, id };
  const perform = (
    step: Step,
    d: Desired | undefined,
    how: {
      readonly force: boolean;
      readonly confirmGone: boolean;
      readonly fresh: boolean;
      readonly announce: Announcement | undefined;
    },
  ): Promise<Acted> => {
    const { force, confirmGone } = how;
    const announce = how.announce === undefined ? {} : { announce: how.announce };
    const fresh = how.fresh ? { fresh: true } : {};
    const hashes = { contractHash: d?.contractHash ?? '', specHash: d?.specHash ?? '' };
    switch (step.kind) {
      case 'deploy': {
        const args = { ...key, ...hashes, name: step.name, start: step.start, ...announce };
        return long.deploy.executeWithOptions({ summary: `deploy ${d?.image ?? ''}` }, [args]);
      }
      case 'refresh': {
        const args = { ...key, ...hashes, ref: step.ref, name: step.name, start: step.start, ...fresh, ...announce };
        return long.refresh.executeWithOptions({ summary: `refresh to ${d?.image ?? ''}` }, [args]);
      }
      case 'rename':
        return short.rename.executeWithOptions({ summary: `rename to ${step.name}` }, [
          { ...key, ref: step.ref, name: step.name },
        ]);
      case 'start':
        return short.start.executeWithOptions({ summary: `start: ${step.reason}` }, [
          { ...key, ref: step.ref, ...announce },
        ]);
      case 'stop':
        return short.stop.executeWithOptions({ summary: `${force ? 'kill' : 'stop'}: ${step.reason}` }, [
          { ...key, ref: step.ref, force, ...announce },
        ]);
      case 'unpause':
        return short.unpause.executeWithOptions({ summary: step.reason }, [{ ...key, ref: step.ref }]);
      case 'remove':
        return short.remove.executeWithOptions({ summary: `remove: ${step.reason}` }, [
          { ...key, ref: step.ref, confirmGone },
        ]);
    }
  };
  return {
    perform,
    look: (why: string) => look.observe.executeWithOptions({ summary: `look: ${why}` }, [key]),
    report: main.report,
  };
}
