import {
  type Client,
  WithStartWorkflowOperation,
  WorkflowNotFoundError,
  WorkflowUpdateFailedError,
} from '@temporalio/client';
import { ApplicationFailure, WorkflowIdConflictPolicy } from '@temporalio/common';
import type { Platform } from '../model/connector.ts';
import { permanent } from '../model/errors.ts';
import * as messages from '../workflows/messages.ts';

/**
 * Starts the platform's workflow, or tells the one that runs which runtime this worker reaches. Throws `WrongEngine`
 * when that platform is managed on another engine: two workers must never each keep half of a fleet.
 */
export async function attachPlatform(
  client: Client,
  taskQueue: string,
  platform: Platform,
  attachment: messages.Attachment,
): Promise<void> {
  const startWorkflowOperation = new WithStartWorkflowOperation('platform', {
    workflowId: messages.platformWorkflowId(platform),
    taskQueue: messages.mainQueue(taskQueue),
    workflowIdConflictPolicy: WorkflowIdConflictPolicy.USE_EXISTING,
    staticSummary: `all connectors of ${platform}`,
    args: [{ platform, attachment }] as [messages.PlatformInput],
  });
  try {
    await client.workflow.executeUpdateWithStart(messages.attach, { startWorkflowOperation, args: [attachment] });
  } catch (error) {
    if (
      error instanceof WorkflowUpdateFailedError &&
      error.cause instanceof ApplicationFailure &&
      error.cause.type === 'WrongEngine'
    )
      throw permanent('WrongEngine', error.cause.message);
    throw error;
  }
}

/** True while the platform's workflow runs; a person may have ended it in the UI. */
export async function platformRuns(client: Client, platform: Platform): Promise<boolean> {
  try {
    const { status } = await client.workflow.getHandle(messages.platformWorkflowId(platform)).describe();
    return status.name === 'RUNNING';
  } catch (error) {
    if (error instanceof WorkflowNotFoundError) return false;
    throw error;
  }
}
