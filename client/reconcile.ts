import pLimit from 'p-limit';
import type { ActionResult, CommandResult } from '../model/command.ts';
import { asFailure } from './failure.ts';
import type { Fleet } from './fleet.ts';
import type { Platform } from '../model/connector.ts';
import { connectorWorkflowId } from '../workflows/messages.ts';

/** What a reconcile did, or would do, on one platform. */
export interface Reconciled {
  readonly platform: string;
  readonly dryRun: boolean;
  readonly seen: number;
  readonly planned: readonly ActionResult[];
  readonly changed: readonly ActionResult[];
  readonly failed: readonly ActionResult[];
}

/** Connectors that are waited for at the same time. */
const concurrency = 16;

/** How far a reconcile has come; called whenever that changes. */
export type Progress = (text: string) => void;

/** Polls one platform at once and waits until every connector with something to do has come to rest, each at most `waitMs`. */
export async function reconcile(
  fleet: Fleet,
  platform: Platform,
  connector: string | undefined,
  waitMs: number,
  progress: Progress,
): Promise<Reconciled> {
  const nothing = { platform, dryRun: false, seen: 0, planned: [], changed: [] };
  progress(`${platform}: asking the platform and the runtime`);
  let polled: Awaited<ReturnType<Fleet['sync']>>;
  try {
    polled = await fleet.sync(platform, connector);
  } catch (error) {
    const failure = asFailure(error);
    if (failure.code === 3) throw failure;
    return {
      ...nothing,
      failed: [{ id: '', name: platform, action: 'list', reason: failure.kind, error: failure.message }],
    };
  }
  const planned = polled.planned.map(exact);
  const limit = pLimit(concurrency);
  let left = planned.length;
  const tell = (): void => progress(`${platform}: ${left} of ${planned.length} connectors still at work`);
  if (left > 0) tell();
  const results = await Promise.all(
    planned.map((plan) =>
      limit(async () => {
        // What stands in the way stays so until somebody removes it; asking the connector to try costs nothing.
        const result = await outcome(fleet, platform, plan, waitMs);
        left--;
        tell();
        return result;
      }),
    ),
  );
  return {
    ...nothing,
    seen: polled.seen,
    planned,
    changed: results.flat().filter((a) => a.error === undefined),
    failed: [...polled.failed.map(exact), ...results.flat().filter((a) => a.error !== undefined)],
  };
}

async function outcome(
  fleet: Fleet,
  platform: Platform,
  plan: ActionResult,
  waitMs: number,
): Promise<readonly ActionResult[]> {
  try {
    return outcomeOf(plan, await fleet.apply(connectorWorkflowId(platform, plan.id), 'reconcile', waitMs));
  } catch (error) {
    const failure = asFailure(error);
    // The workflow of a removed connector ends: nothing is left to do.
    if (failure.kind === 'Gone') return [];
    return [{ ...plan, error: failure.message }];
  }
}

/**
 * What came of a planned step. The connector was told already by the poll, so it may have done everything before the
 * command reached it: then the plan is what was done.
 */
export function outcomeOf(plan: ActionResult, result: CommandResult): readonly ActionResult[] {
  const did = result.actions.map(exact);
  if (!result.settled)
    return [...did, { ...plan, error: `not done yet, still ${result.phase}; "cadenza show" follows it` }];
  if (did.length > 0) return did;
  if (plan.error !== undefined) return result.phase === 'failed' ? [plan] : [];
  return [result.phase === 'failed' ? { ...plan, error: result.message } : plan];
}

/** The members others' scripts know, and no more. */
const exact = ({ id, name, action, reason, error }: ActionResult): ActionResult => ({
  id,
  name,
  action,
  reason,
  ...(error === undefined ? {} : { error }),
});
