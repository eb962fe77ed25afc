import { WorkflowIdConflictPolicy, WorkflowIdReusePolicy } from '@temporalio/client';
import type { Observation } from '../model/observation.ts';
import * as messages from '../workflows/messages.ts';
import type { Deps, Site } from './deps.ts';

const start = (deps: Deps, site: Site, id: string, name: string) => ({
  workflowId: messages.connectorWorkflowId(site.platform, id),
  taskQueue: messages.mainQueue(deps.taskQueue),
  workflowIdReusePolicy: WorkflowIdReusePolicy.ALLOW_DUPLICATE,
  workflowIdConflictPolicy: WorkflowIdConflictPolicy.USE_EXISTING,
  // What changes (image, phase) is in the current details; this line never does.
  staticSummary: `${name} (${site.platform})`.slice(0, 200),
  args: [{ platform: site.platform, id, runtime: site.runtime.kind, runtimeQueue: site.runtimeQueue }] as [
    messages.ConnectorInput,
  ],
});

/** Hands an observation to the connector's workflow, which is started if there is none. */
export async function signalConnector(
  deps: Deps,
  site: Site,
  id: string,
  name: string,
  observation: Observation,
): Promise<void> {
  await deps.temporal.workflow.signalWithStart('connector', {
    ...start(deps, site, id, name),
    signal: messages.observe,
    signalArgs: [observation],
  });
}

/** Tells the connector's workflow to remove what is there and end; started for that if there is none. */
export async function signalRetire(deps: Deps, site: Site, id: string, name: string, reason: string): Promise<void> {
  await deps.temporal.workflow.signalWithStart('connector', {
    ...start(deps, site, id, name),
    signal: messages.retire,
    signalArgs: [{ reason }],
  });
}

/** Wakes the connector's workflow, if there is one. */
export async function signalWake(deps: Deps, site: Site, id: string, event: string): Promise<void> {
  const handle = deps.temporal.workflow.getHandle(messages.connectorWorkflowId(site.platform, id));
  await handle.signal(messages.wake, { event }).catch((error: unknown) => {
    deps.log.debug('nobody to wake', { platform: site.platform, id, error });
  });
}
