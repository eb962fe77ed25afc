import { WorkflowUpdateStage } from '@temporalio/client';
import type { UpdateDefinition, WorkflowExecutionInfo } from '@temporalio/client';
import type { CommandName, CommandResult } from '../model/command.ts';
import type { Platform } from '../model/connector.ts';
import type { ConnectorSummary } from '../model/summary.ts';
import * as messages from '../workflows/messages.ts';
import { noWorker, translated, unknownAttribute } from './errors.ts';
import type { Link } from './temporal.ts';

/**
 * The typed client of a running instance: what its workflows tell and take. Every method throws a `Failure`. Lists come
 * from visibility and answer also while no worker is up; queries and updates need a worker.
 */
export interface Fleet {
  /** Connectors whose workflow runs, by platform and name. One visibility query, whatever their number. */
  connectors(filter?: { readonly platform?: string; readonly phase?: string }): Promise<readonly ConnectorSummary[]>;
  /** Everything of one connector; `undefined`: no worker answered in time. */
  connector(workflowId: string): Promise<messages.ConnectorState | undefined>;
  /** Sends a command and waits until the connector has come to rest, at most `waitMs`. */
  apply(
    workflowId: string,
    command: CommandName,
    waitMs: number,
    more?: { readonly fresh: boolean },
  ): Promise<CommandResult>;
  /** Platforms whose workflow runs. */
  platforms(): Promise<readonly Platform[]>;
  platform(platform: Platform): Promise<messages.PlatformState>;
  /** A poll at once; answers when the connectors with something to do have been told. */
  sync(platform: Platform, connector?: string): Promise<messages.SyncOutcome>;
  confirmOrphans(platform: Platform, ids: readonly string[]): Promise<messages.Confirmation>;
  move(platform: Platform): Promise<{ readonly from: string }>;
  /** Page of a workflow in the Temporal UI; `null` when its address is not known. */
  link(workflowId: string): string | null;
}

/** A worker that is there takes a query or an update well within this (ms). */
const patience = 5_000;
const acceptance = 10_000;
/** Beyond the time a call itself may take (ms). */
const slack = 15_000;
/** A poll may wait for a platform that is still upgrading its connectors (ms). */
const pollTime = 180_000;

export function fleet({ client, connection, target }: Link): Fleet {
  const guarded = async <T>(work: () => Promise<T>): Promise<T> => {
    try {
      return await work();
    } catch (error) {
      throw translated(error, target.address, target.namespace);
    }
  };
  const running = async (query: string): Promise<readonly WorkflowExecutionInfo[]> => {
    const found: WorkflowExecutionInfo[] = [];
    try {
      for await (const w of client.workflow.list({ query: `${query} AND ExecutionStatus = 'Running'` })) found.push(w);
    } catch (error) {
      if (!unknownAttribute(error)) throw error;
    }
    return found;
  };
  const within = <T>(ms: number, work: () => Promise<T>): Promise<T> => connection.withDeadline(Date.now() + ms, work);
  /** An update nobody takes fails soon; one that was taken may need its time. */
  const update = <R, A extends [unknown?]>(
    workflowId: string,
    what: UpdateDefinition<R, A>,
    args: A,
    ms: number,
  ): Promise<R> =>
    guarded(async () => {
      const handle = client.workflow.getHandle(workflowId);
      const waitForStage = WorkflowUpdateStage.ACCEPTED;
      const [input] = args;
      const taken = await within(acceptance, () =>
        input === undefined
          ? handle.startUpdate<R, []>(what.name, { waitForStage })
          : handle.startUpdate<R, [unknown]>(what.name, { args: [input], waitForStage }),
      );
      return within(ms + slack, () => taken.result());
    });

  return {
    connectors: ({ platform, phase } = {}) =>
      guarded(async () => {
        const where = [
          `WorkflowType = 'connector'`,
          ...(platform === undefined ? [] : [`CadenzaPlatform = '${platform}'`]),
          ...(phase === undefined ? [] : [`CadenzaPhase = '${phase}'`]),
        ];
        const all = await running(where.join(' AND '));
        return all.map(summaryOf).toSorted(byPlatformAndName);
      }),
    connector: (workflowId) =>
      guarded(async () => {
        try {
          return await within(patience, () => client.workflow.getHandle(workflowId).query(messages.connectorState));
        } catch (error) {
          if (noWorker(error)) return undefined;
          throw error;
        }
      }),
    apply: (workflowId, command, waitMs, more) =>
      update(workflowId, messages.apply, [{ command, waitMs, ...more }], waitMs),
    platforms: () =>
      guarded(async () => {
        const all = await running(`WorkflowType = 'platform'`);
        return all.map((w) => w.workflowId.slice(w.workflowId.indexOf(':') + 1) as Platform).toSorted();
      }),
    platform: (platform) =>
      guarded(() =>
        within(patience, () =>
          client.workflow.getHandle(messages.platformWorkflowId(platform)).query(messages.platformState),
        ),
      ),
    sync: (platform, connector) =>
      update(
        messages.platformWorkflowId(platform),
        messages.syncNow,
        [connector === undefined ? {} : { connector }],
        pollTime,
      ),
    confirmOrphans: (platform, ids) =>
      update(messages.platformWorkflowId(platform), messages.confirmOrphans, [{ ids }], patience),
    move: (platform) => update(messages.platformWorkflowId(platform), messages.move, [], patience),
    link: (workflowId) =>
      target.ui === null
        ? null
        : `${target.ui.replace(/\/+$/, '')}/namespaces/${encodeURIComponent(target.namespace)}/workflows/${encodeURIComponent(workflowId)}`,
  };
}

const byPlatformAndName = (a: ConnectorSummary, b: ConnectorSummary): number =>
  a.platform.localeCompare(b.platform) || a.name.localeCompare(b.name) || (a.id < b.id ? -1 : 1);

/** The members in the order others' scripts know them; a workflow that has not shown anything yet is still listed. */
function summaryOf(w: WorkflowExecutionInfo): ConnectorSummary {
  const memo = (w.memo ?? {}) as Partial<messages.ConnectorMemo>;
  const [, platform = '', ...rest] = w.workflowId.split(':');
  const id = rest.join(':');
  const s: ConnectorSummary = memo.summary ?? {
    platform: platform as Platform,
    id,
    name: id,
    phase: 'absent',
    requestedStatus: 'stop',
    currentStatus: 'stopped',
    reportedStatus: null,
    runtime: 'docker',
    container: null,
    image: '',
    contractHash: '',
    restarts: 0,
    since: w.startTime.toISOString(),
    lastError: null,
    workflowId: w.workflowId,
  };
  return {
    platform: s.platform,
    id: s.id,
    name: s.name,
    phase: s.phase,
    requestedStatus: s.requestedStatus,
    currentStatus: s.currentStatus,
    reportedStatus: s.reportedStatus,
    runtime: s.runtime,
    container: s.container,
    image: s.image,
    contractHash: s.contractHash,
    restarts: s.restarts,
    since: s.since,
    lastError: s.lastError,
    workflowId: s.workflowId,
  };
}
