import type { Client } from '@temporalio/client';
import type { Platform } from '../model/connector.ts';
import type { ConnectorMemo } from '../workflows/messages.ts';

/** The connector workflows of one platform as the server's visibility shows them: one call per thousand, no queries. */
export async function entities(temporal: Client, platform: Platform): Promise<ReadonlyMap<string, ConnectorMemo>> {
  const prefix = `connector:${platform}:`;
  const found = new Map<string, ConnectorMemo>();
  const query = `WorkflowType = 'connector' AND ExecutionStatus = 'Running' AND WorkflowId STARTS_WITH '${prefix}'`;
  for await (const info of temporal.workflow.list({ query })) {
    const memo = info.memo as Partial<ConnectorMemo> | undefined;
    if (memo?.summary !== undefined && memo.marks !== undefined)
      found.set(info.workflowId.slice(prefix.length), { summary: memo.summary, marks: memo.marks });
  }
  return found;
}

/** As `entities`, read at most once per `maxAge` ms. */
export function cachedEntities(temporal: Client, platform: Platform, now: () => number) {
  let cached: ReadonlyMap<string, ConnectorMemo> = new Map();
  let at = 0;
  let underway: Promise<ReadonlyMap<string, ConnectorMemo>> | undefined;
  return async (maxAge: number): Promise<ReadonlyMap<string, ConnectorMemo>> => {
    if (at > 0 && now() - at <= maxAge) return cached;
    underway ??= entities(temporal, platform).finally(() => {
      underway = undefined;
    });
    cached = await underway;
    at = now();
    return cached;
  };
}
