import { proxyActivities, workflowInfo } from '@temporalio/workflow';
import type { RuntimeActivities } from '../activities/types.ts';
import type { Platform } from '../model/connector.ts';
import type { SweepState } from '../model/orphans.ts';

export interface OrphansInput {
  readonly platform: Platform;
  readonly runtimeQueue: string;
}

export interface OrphansResult {
  readonly state: SweepState;
  readonly removed: readonly string[];
}

/** One sweep, run by a Schedule; what it found travels to the next sweep as the Schedule's last completion result. */
export async function orphans(input: OrphansInput): Promise<OrphansResult> {
  const { sweepOrphans } = proxyActivities<RuntimeActivities>({
    taskQueue: input.runtimeQueue,
    startToCloseTimeout: '10m',
    heartbeatTimeout: '30s',
    scheduleToStartTimeout: '2m',
    retry: { maximumAttempts: 3, initialInterval: '5s' },
  });
  const last: OrphansResult | undefined = workflowInfo().lastResult as OrphansResult | undefined;
  const { state, report } = await sweepOrphans.executeWithOptions({ summary: `sweep ${input.platform}` }, [
    { platform: input.platform, previous: last?.state ?? { candidates: [] } },
  ]);
  return { state, removed: report.removed };
}
