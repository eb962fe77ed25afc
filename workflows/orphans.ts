import { proxyActivities } from '@temporalio/workflow';
import type { RuntimeActivities } from '../activities/types.ts';
import type { Platform } from '../model/connector.ts';

export interface OrphansInput {
  readonly platform: Platform;
  readonly runtimeQueue: string;
}

export interface OrphansResult {
  readonly removed: readonly string[];
}

/** One sweep, run by a Schedule. What it found goes to the platform's workflow, where the next sweep finds it. */
export async function orphans(input: OrphansInput): Promise<OrphansResult> {
  const { sweepOrphans } = proxyActivities<RuntimeActivities>({
    taskQueue: input.runtimeQueue,
    startToCloseTimeout: '10m',
    heartbeatTimeout: '30s',
    scheduleToStartTimeout: '2m',
    retry: { maximumAttempts: 3, initialInterval: '5s' },
  });
  const { report } = await sweepOrphans.executeWithOptions({ summary: `sweep ${input.platform}` }, [
    { platform: input.platform },
  ]);
  return { removed: report.removed };
}
