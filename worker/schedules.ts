import { type Client, ScheduleAlreadyRunning, type ScheduleOptions, ScheduleOverlapPolicy } from '@temporalio/client';
import type { Platform } from '../model/connector.ts';
import { mainQueue, orphansScheduleId } from '../workflows/messages.ts';
import type { OrphansInput } from '../workflows/orphans.ts';

/** The sweep of one platform: every minute; a minute that was missed is not made up. */
const orphansSchedule = (platform: Platform, taskQueue: string, runtimeQueue: string) =>
  ({
    scheduleId: orphansScheduleId(platform),
    spec: { intervals: [{ every: '1m' }], jitter: '5s' },
    policies: { overlap: ScheduleOverlapPolicy.SKIP, catchupWindow: '1m' },
    action: {
      type: 'startWorkflow',
      workflowType: 'orphans',
      workflowId: orphansScheduleId(platform),
      taskQueue: mainQueue(taskQueue),
      args: [{ platform, runtimeQueue }] as [OrphansInput],
      staticSummary: `orphan sweep of ${platform}`,
    },
  }) satisfies ScheduleOptions;

/** Creates the platform's Schedule, or brings an existing one up to date; a person's pause is kept. */
export async function ensureSchedules(
  client: Client,
  platform: Platform,
  taskQueue: string,
  runtimeQueue: string,
): Promise<void> {
  const wanted = orphansSchedule(platform, taskQueue, runtimeQueue);
  try {
    await client.schedule.create(wanted);
  } catch (error) {
    if (!(error instanceof ScheduleAlreadyRunning)) throw error;
    await client.schedule
      .getHandle(wanted.scheduleId)
      .update((previous) => ({ ...previous, ...wanted, state: previous.state }));
  }
}
