import { describe, expect, test } from 'vitest';
import { type Reconciled, outcomeOf } from '../../client/reconcile.ts';
import { report } from '../../client/report.ts';
import { painter } from '../../client/text.ts';
import type { ActionResult, CommandResult } from '../../model/command.ts';

const planned: ActionResult = { id: 'a', name: 'Alpha', action: 'deploy', reason: 'missing' };
const held: ActionResult = { id: 'a', name: 'Alpha', action: 'hold', reason: 'foreign', error: 'the name is taken' };
const done = (over: Partial<CommandResult> = {}): CommandResult => ({
  settled: true,
  phase: 'running',
  actions: [],
  message: 'nothing to do; now running',
  ...over,
});
const action: ActionResult = { id: 'a', name: 'Alpha', action: 'start', reason: 'asked for' };

describe('what came of a planned step', () => {
  test.each<[string, ActionResult, CommandResult, readonly ActionResult[]]>([
    ['it says what it did', planned, done({ actions: [action] }), [action]],
    ['it was done before the command came', planned, done(), [planned]],
    [
      'it failed before the command came',
      planned,
      done({ phase: 'failed', message: 'no such image' }),
      [{ ...planned, error: 'no such image' }],
    ],
    [
      'it failed',
      planned,
      done({ actions: [{ ...action, error: 'no' }], phase: 'failed' }),
      [{ ...action, error: 'no' }],
    ],
    [
      'still at work',
      planned,
      done({ settled: false, phase: 'deploying' }),
      [{ ...planned, error: expect.stringContaining('still deploying') as string }],
    ],
    ['something is in the way', held, done({ phase: 'failed' }), [held]],
    ['what was in the way has gone', held, done(), []],
  ])('%s', (_name, plan, result, wanted) => expect(outcomeOf(plan, result)).toEqual(wanted));
});

describe('the report', () => {
  const base: Reconciled = { platform: 'opencti', dryRun: false, seen: 3, planned: [], changed: [], failed: [] };
  const lines = (r: Partial<Reconciled>): readonly string[] => report([{ ...base, ...r }], painter({}, {}));

  test('nothing to do', () => expect(lines({})).toEqual(['opencti: 3 seen, nothing to change']));
  test('a plan', () =>
    expect(lines({ dryRun: true, planned: [planned] })).toEqual([
      'opencti: 3 seen, 1 to do; nothing was changed',
      '  would deploy Alpha: missing',
    ]));
  test('done and failed', () =>
    expect(lines({ changed: [planned], failed: [held] })).toEqual([
      'opencti: 3 seen, 1 changed, 1 failed',
      '  done deploy Alpha: missing',
      '  failed hold Alpha: the name is taken (foreign)',
    ]));
});
