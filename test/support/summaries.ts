import type { ConnectorSummary } from '../../model/summary.ts';

/** A running connector named Alpha, except for what is given. */
export const summary = (over: Partial<ConnectorSummary> = {}): ConnectorSummary => {
  const id = over.id ?? '5b0e8f3a-6a0c-4f0e-9d55-0c7f3f1f9a01';
  return {
    platform: 'opencti',
    name: 'Alpha',
    phase: 'running',
    requestedStatus: 'start',
    currentStatus: 'started',
    reportedStatus: 'started',
    runtime: 'docker',
    container: 'alpha',
    image: 'opencti/connector-x:1',
    contractHash: 'h1',
    restarts: 0,
    since: '2030-01-10T11:57:00.000Z',
    lastError: null,
    workflowId: `connector:opencti:${id}`,
    ...over,
    id,
  };
};
