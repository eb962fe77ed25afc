import { readFileSync, readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import {
  DefaultLogger,
  Runtime,
  Worker,
  type WorkflowBundleWithSourceMap,
  bundleWorkflowCode,
  makeTelemetryFilterString,
} from '@temporalio/worker';
import { DeterminismViolationError } from '@temporalio/workflow';
import { beforeAll, describe, expect, test } from 'vitest';

/** Histories of earlier versions go through the present workflows without a server: a change must not lose their way. */
const path = (name: string): string => fileURLToPath(new URL(name, import.meta.url));
const logger = new DefaultLogger('ERROR', () => undefined);

interface Event {
  readonly eventType: string;
  readonly activityTaskScheduledEventAttributes?: { readonly activityType: { readonly name: string } };
  readonly workflowExecutionStartedEventAttributes?: { readonly workflowType: { readonly name: string } };
}
interface Recorded {
  readonly name: string;
  readonly history: { readonly events: readonly Event[] };
}
const recorded: readonly Recorded[] = readdirSync(path('histories'))
  .toSorted()
  .map((file) => ({
    name: file.replace('.json', ''),
    history: JSON.parse(readFileSync(path(`histories/${file}`), 'utf8')) as Recorded['history'],
  }));

const typeOf = ({ history }: Recorded): string =>
  history.events[0]?.workflowExecutionStartedEventAttributes?.workflowType.name ?? '';
const happened = ({ history }: Recorded): ReadonlySet<string> =>
  new Set(
    history.events.flatMap((e) => [
      e.eventType.replace('EVENT_TYPE_', ''),
      e.activityTaskScheduledEventAttributes?.activityType.name ?? '',
    ]),
  );

let present: WorkflowBundleWithSourceMap;
let changed: WorkflowBundleWithSourceMap;

beforeAll(async () => {
  Runtime.install({ logger, telemetryOptions: { logging: { filter: makeTelemetryFilterString({ core: 'ERROR' }) } } });
  const workflowsPath = path('../../workflows/index.ts');
  present = await bundleWorkflowCode({ workflowsPath, preloadModules: [workflowsPath], logger });
  changed = await bundleWorkflowCode({ workflowsPath: path('changed.ts'), logger });
}, 120_000);

const replay = (bundle: WorkflowBundleWithSourceMap, { history, name }: Recorded): Promise<void> =>
  Worker.runReplayHistory({ workflowBundle: bundle }, history, name);

describe('recorded histories', () => {
  test.each(recorded.map((r) => [r.name, r] as const))(
    '%s replays',
    async (_, r) => {
      await replay(present, r);
    },
    30_000,
  );

  test('one of each workflow does not replay on one that was changed without a patch', async () => {
    const one = ['connector', 'platform', 'orphans'].map((type) => recorded.find((r) => typeOf(r) === type));
    for (const r of one) {
      if (r === undefined) throw new Error('a workflow without a recorded history');
      await expect(replay(changed, r), r.name).rejects.toThrow(DeterminismViolationError);
    }
  }, 30_000);

  test.each([
    ['connector-life', ['deploy', 'stop', 'start', 'refresh', 'remove', 'TIMER_FIRED', 'WORKFLOW_EXECUTION_COMPLETED']],
    ['connector-faults', ['ACTIVITY_TASK_FAILED', 'TIMER_FIRED', 'report']],
    ['connector-commands', ['WORKFLOW_EXECUTION_UPDATE_COMPLETED', 'refresh']],
    ['connector-overtaken', ['ACTIVITY_TASK_CANCELED']],
    ['connector-continued-1', ['WORKFLOW_EXECUTION_CONTINUED_AS_NEW']],
    ['platform-periods-1', ['syncPlatform', 'watch', 'keepAlive', 'WORKFLOW_EXECUTION_CONTINUED_AS_NEW']],
    ['orphans-removed', ['sweepOrphans', 'WORKFLOW_EXECUTION_COMPLETED']],
  ])('%s holds what it stands for', (name, what) => {
    const found = recorded.find((r) => r.name === name);
    expect(found === undefined ? [] : [...happened(found)]).toEqual(expect.arrayContaining(what));
  });

  test('a run that continued another one is among them', () => {
    const carried = ['connector-continued-2', 'platform-periods-2'].map((name) =>
      JSON.stringify(recorded.find((r) => r.name === name)?.history.events[0]),
    );
    for (const first of carried) expect(first).toContain('continuedExecutionRunId');
  });
});
