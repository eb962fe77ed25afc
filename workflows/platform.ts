import {
  ActivityCancellationType,
  ActivityFailure,
  ApplicationFailure,
  CancellationScope,
  allHandlersFinished,
  condition,
  continueAsNew,
  isCancellation,
  proxyActivities,
  setCurrentDetails,
  setHandler,
  sleep,
  upsertSearchAttributes,
  workflowInfo,
} from '@temporalio/workflow';
import type { MainActivities, RuntimeActivities, SyncRequestArgs, SyncResult } from '../activities/types.ts';
import { listingDelay, runtimeDelay } from '../model/backoff.ts';
import { attributes } from './connector/display.ts';
import * as messages from './messages.ts';

const confirmationLasts = 15 * 60_000;

/**
 * One platform on one runtime: polls both sides every period and signals the connectors that have something to deal
 * with. Beside that run two long activities: `keepAlive` (registration and ping, needs the platform only) and `watch`
 * (engine events, health, logs, needs the runtime), so that a dead one of the two stops only what needs it.
 */
export async function platform(input: messages.PlatformInput): Promise<void> {
  let attachment = input.attachment;
  let pinned = true;
  const carriedIn: messages.PlatformCarried = { failures: 0, ...input.carried };
  let { failures, lastSync, sweep, confirmed } = carriedIn;
  let nudged: string | undefined;
  let watching = new CancellationScope();
  // What is asked of a runtime's worker waits for that worker; once the platform was moved it would wait for ever.
  let asking = new CancellationScope();

  const ask = async (summary: string, how: Omit<SyncRequestArgs, 'platform'> = {}): Promise<SyncResult> => {
    for (;;) {
      const here = asking;
      try {
        return await here.run(() =>
          poll(attachment.runtimeQueue).executeWithOptions({ summary }, [{ platform: input.platform, ...how }]),
        );
      } catch (error) {
        if (!isCancellation(error) || here === asking) throw error;
      }
    }
  };
  const show = (): void => setCurrentDetails(markdown(attachment, lastSync, sweep));

  setHandler(messages.nudge, ({ why }) => {
    nudged = why;
  });
  setHandler(messages.swept, (report) => {
    sweep = report;
    show();
  });
  setHandler(
    messages.attach,
    (next) => {
      const moved = next.runtimeQueue !== attachment.runtimeQueue;
      attachment = next;
      pinned = true;
      if (moved) {
        watching.cancel();
        asking.cancel();
        asking = new CancellationScope();
      }
      nudged = 'a worker attached';
      return { attached: true as const };
    },
    {
      validator: (next) => {
        if (pinned && next.engineId !== attachment.engineId)
          throw ApplicationFailure.nonRetryable(
            `${input.platform} is managed on ${attachment.runtime} engine ${attachment.engineId}; this worker reaches ${next.runtime} engine ${next.engineId}. ` +
              `Point the worker at the first one, or stop that one's connectors and run "cadenza move ${input.platform}" to move here.`,
            'WrongEngine',
          );
      },
    },
  );
  setHandler(messages.move, () => {
    pinned = false;
    return { from: attachment.engineId };
  });
  setHandler(
    messages.confirmOrphans,
    ({ ids }) => {
      confirmed = { ids, until: new Date(Date.now() + confirmationLasts).toISOString() };
      return confirmed;
    },
    {
      validator: ({ ids }) => {
        const shown = new Set(sweep?.candidates.map((c) => c.id));
        if (ids.length === 0 || ids.length !== shown.size || !ids.every((id: string) => shown.has(id)))
          throw ApplicationFailure.nonRetryable(
            'the orphans have changed since they were shown; run "cadenza orphans" again and confirm what it shows',
            'OrphansChanged',
          );
      },
    },
  );
  setHandler(messages.platformState, () => ({
    platform: input.platform,
    attachment,
    lastSync: lastSync ?? null,
    sweep: sweep ?? null,
    confirmed: confirmed ?? null,
  }));
  setHandler(messages.syncNow, async ({ connector }) => {
    const result = await ask('reconcile', { explain: true, ...(connector === undefined ? {} : { connector }) });
    const { seen, planned, failed } = result;
    return { platform: input.platform, seen, planned, failed };
  });

  upsertSearchAttributes([
    { key: attributes.platform, value: input.platform },
    { key: attributes.runtime, value: attachment.runtime },
  ]);
  const beside = new CancellationScope();
  const running = [
    beside.run(() => forever(async () => main.keepAlive({ platform: input.platform }))),
    beside.run(() =>
      forever(async () => {
        watching = new CancellationScope();
        await watching.run(() => watcher(attachment.runtimeQueue)({ platform: input.platform }));
      }),
    ),
  ];

  for (;;) {
    const info = workflowInfo();
    const long = input.maxHistory !== undefined && info.historyLength > input.maxHistory;
    if (info.continueAsNewSuggested || long) {
      beside.cancel();
      await Promise.allSettled(running);
      await condition(allHandlersFinished);
      const carried: messages.PlatformCarried = {
        failures,
        ...(lastSync === undefined ? {} : { lastSync }),
        ...(sweep === undefined ? {} : { sweep }),
        ...(confirmed === undefined ? {} : { confirmed }),
      };
      await continueAsNew<typeof platform>({ ...input, attachment, carried });
    }
    nudged = undefined;
    const { planned: _planned, failed: _failed, ...record } = await recorded(ask(`poll ${input.platform}`));
    lastSync = record;
    failures = record.error === undefined ? 0 : failures + 1;
    show();
    await condition(() => nudged !== undefined, pause(attachment.period, failures, record.error?.kind), {
      summary: record.error === undefined ? 'until the next poll' : `${record.error.kind}, attempt ${failures}`,
    });
  }
}

const pause = (period: number, failures: number, kind: string | undefined): number => {
  if (failures === 0) return period;
  const delay =
    kind === 'RuntimeUnavailable' ? runtimeDelay(failures, Math.random()) : listingDelay(failures, Math.random());
  return Math.max(period, delay);
};

const poll = (taskQueue: string) =>
  proxyActivities<RuntimeActivities>({
    taskQueue,
    startToCloseTimeout: '5m',
    heartbeatTimeout: '30s',
    retry: { maximumAttempts: 1 },
  }).syncPlatform;

/** A long activity: ended by cancellation only; a lost worker shows within the heartbeat timeout. */
const lasting = {
  startToCloseTimeout: '365 days',
  heartbeatTimeout: '15s',
  retry: { initialInterval: '1s', maximumInterval: '30s' },
  cancellationType: ActivityCancellationType.TRY_CANCEL,
} as const;

const watcher = (taskQueue: string) => proxyActivities<RuntimeActivities>({ ...lasting, taskQueue }).watch;
const main = proxyActivities<MainActivities>(lasting);

/** Runs it again whenever it ends, until the scope around it is cancelled. */
async function forever(run: () => Promise<void>): Promise<void> {
  for (;;) {
    try {
      await run();
    } catch (error) {
      if (isCancellation(error) && CancellationScope.current().consideredCancelled) return;
    }
    await sleep('1s');
  }
}

/** A poll that failed is the record of one. */
async function recorded(sync: Promise<SyncResult>): Promise<SyncResult> {
  try {
    return await sync;
  } catch (error) {
    if (!(error instanceof ActivityFailure)) throw error;
    const { cause } = error;
    const known = cause instanceof ApplicationFailure;
    return {
      at: new Date().toISOString(),
      seen: 0,
      signalled: 0,
      skipped: 0,
      planned: [],
      failed: [],
      error: {
        kind: known ? (cause.type ?? 'Unexpected') : 'RuntimeUnavailable',
        message: known ? cause.message : 'the worker was lost during a poll',
      },
    };
  }
}

function markdown(
  a: messages.Attachment,
  s: messages.SyncRecord | undefined,
  o: messages.SweepReport | undefined,
): string {
  const rows = [
    `| runtime | ${a.runtime}, engine \`${a.engineId}\` |`,
    `| period | ${a.period / 1000} s |`,
    ...(s === undefined
      ? []
      : [
          `| last poll | ${s.at}${s.error === undefined ? '' : ` **${s.error.kind}**: ${s.error.message}`} |`,
          `| connectors listed | ${s.seen}${s.skipped > 0 ? `, ${s.skipped} unreadable` : ''} |`,
          ...(s.version === undefined ? [] : [`| platform version | ${s.version} |`]),
        ]),
    ...(o === undefined || (o.candidates.length === 0 && o.unassigned.length === 0)
      ? []
      : [
          `| orphans | ${o.candidates.map((c) => c.name).join(', ')} ${o.guard === null ? '' : `**held**: ${o.guard.message}`} |`,
        ]),
  ];
  return ['| | |', '|---|---|', ...rows].join('\n');
}
