import { align } from './align.ts';
import type { RuntimeObject } from './connector.ts';
import { type Identity, identify, isHalfMade, isRightName } from './identity.ts';
import type { Memory } from './memory.ts';
import { longestName } from './names.ts';
import { type Desired, type Seen, isCandidate } from './observation.ts';
import type { Policy } from './policy.ts';
import { told } from './report.ts';
import type { Note, Plan, Step } from './step.ts';
import {
  type View,
  freeName,
  isRestless,
  lookAgain,
  soonest,
  standing,
  tellStopped,
  waiting,
  wanted,
  whyReplace,
} from './view.ts';

export type { Note, Plan, Step, StepKind } from './step.ts';
export { outdated, wantKey, wanted } from './view.ts';

const blockedLook = 60_000;

/**
 * The heart: what to do about one connector. Pure: the record, the look at the runtime, the memory and the time come in;
 * what to do next comes out. It never throws on data; odd input is held with a reason. Whoever carries a plan out does
 * its first step, looks again and plans again, so that every step rests on a fresh look.
 */
export function plan(desired: Desired, seen: Seen, m: Memory, policy: Policy, now: number): Plan {
  if (m.paused) return { steps: [], hold: 'paused by an operator until "cadenza resume"', phase: 'paused' };
  if (seen.kind === 'unknown') return { steps: [], hold: seen.message, phase: m.phase };
  const start = wanted(desired, m) === 'start';
  const v: View = { d: desired, m, policy, now, start, p: told(m, desired), all: seen.objects };
  const identity = identify(desired, seen.objects, policy.managerIds);
  if (identity.kind === 'blocked') return planBlocked(identity, v);
  return identity.kind === 'missing' ? planMissing(identity, v) : planOurs(identity, v);
}

/** Removal of all that is ours; foreign objects of the same connector id stay. */
export function planRemoval(id: string, platform: Desired['platform'], seen: Seen, policy: Policy, now: number): Plan {
  if (seen.kind === 'unknown') return { steps: [], hold: seen.message, phase: 'stopping', wakeAt: now + lookAgain };
  const ours = seen.objects
    .filter((o) => isCandidate(o, id, platform, policy.managerIds))
    .toSorted((a, b) => (a.ref < b.ref ? -1 : 1));
  const steps = ours.map((o): Step => ({ kind: 'remove', ref: o.ref, reason: 'the platform no longer lists it' }));
  return { steps, phase: 'retired' };
}

const planBlocked = ({ event, message }: Extract<Identity, { kind: 'blocked' }>, v: View): Plan => ({
  steps: [],
  hold: message,
  phase: 'failed',
  ...tellStopped(v),
  wakeAt: v.now + blockedLook,
  note: { level: 'error', event, text: message },
});

function planMissing({ name, collision }: Extract<Identity, { kind: 'missing' }>, v: View): Plan {
  const { m, p, start, now } = v;
  const text = `the name "${collision}" belongs to something else; this connector runs as "${name}"`;
  const note: { note?: Note } =
    collision === undefined ? {} : { note: { level: 'warn', event: 'name_conflict', text } };
  const failure = standing(v, 'deploy');
  if (failure !== undefined)
    return {
      steps: [],
      hold: failure.error.message,
      phase: 'failed',
      ...soonest(v, failure.retryAt),
      ...tellStopped(v),
      ...note,
    };
  if (start && (m.startDueAt ?? 0) > now) return { ...waiting(v), ...tellStopped(v), ...note };
  const vanished = m.known !== undefined || p === 'started';
  const reason = vanished ? 'its container was removed outside Cadenza' : 'it has no container yet';
  return {
    steps: [{ kind: 'deploy', name, start, reason }],
    phase: start ? 'starting' : 'deploying',
    ...(p === 'started' && !start ? { report: 'stopped' as const } : {}),
    ...note,
  };
}

const isUp = (o: RuntimeObject): boolean => o.state === 'running' || o.state === 'paused';

function planOurs({ object, extras }: Extract<Identity, { kind: 'ours' }>, v: View): Plan {
  // A stop is always honoured, and first: whatever else is wrong with the record or the object.
  const stops = v.start ? [] : stopAll([object, ...extras], object, v);
  if (stops.length > 0) return { steps: stops, phase: 'stopping' };

  const another = 'another container of this connector is kept';
  const doubles = extras.filter(isUp).map((o): Step => ({ kind: 'stop', ref: o.ref, reason: another }));
  if (doubles.length > 0) return { steps: doubles, phase: 'stopping' };

  const main = planInterrupted(object, extras, v) ?? align(object, v);
  const settled = main.steps.length === 0 && main.phase !== 'failed';
  // A replacement needs the names free, and a settled one needs no spare.
  if (extras.length > 0 && (settled || main.steps[0]?.kind === 'refresh') && !finishes(main, object))
    return { ...main, steps: extras.map((o) => ({ kind: 'remove', ref: o.ref, reason: another })) };
  // Under the name of a leftover it would stand in the way of its own replacement.
  return settled || (main.steps[0]?.kind === 'refresh' && isLeftover(object, v)) ? planName(object, v, main) : main;
}

const isLeftover = (o: RuntimeObject, v: View): boolean => /-(next|prev)$/.test(o.name) && !isRightName(o, v.d);

/** Running ones first, so that waking a paused one to stop it never makes two run. */
function stopAll(mine: readonly RuntimeObject[], object: RuntimeObject, v: View): readonly Step[] {
  const reason = v.m.override === undefined ? 'the platform asks for a stop' : 'an operator asked for a stop';
  return mine
    .filter((o) => isUp(o) || o.retried === true || (o === object && isRestless(o, v)))
    .toSorted((a, b) => Number(a.state === 'paused') - Number(b.state === 'paused'))
    .flatMap((o): Step[] => [
      ...(o.state === 'paused' ? [{ kind: 'unpause' as const, ref: o.ref, reason }] : []),
      { kind: 'stop', ref: o.ref, reason },
    ]);
}

/** What an interrupted replacement left is completed where the new one is in place, and undone where it is not. */
function planInterrupted(object: RuntimeObject, extras: readonly RuntimeObject[], v: View): Plan | undefined {
  const phase = 'refreshing';
  if (isHalfMade(object, v.d))
    return { steps: [{ kind: 'remove', ref: object.ref, reason: 'left by an interrupted replacement' }], phase };
  const prev = extras.find((o) => o.name === `${object.name.slice(0, longestName - 5)}-prev`);
  const neverRan = object.state === 'down' && object.startedAt === undefined;
  if (prev === undefined || !v.start || !neverRan || whyReplace(v, object) !== undefined) return undefined;
  // Not a plain start: the runtime puts the old one back if the new one cannot be started.
  if (standing(v, 'refresh', 'start') !== undefined) return undefined;
  const reason = 'a replacement was interrupted';
  return { steps: [{ kind: 'refresh', ref: prev.ref, name: object.name, start: true, reason }], phase };
}

/** True for the step that completes an interrupted replacement: it needs the old container. */
const finishes = ({ steps: [step] }: Plan, object: RuntimeObject): boolean =>
  step?.kind === 'refresh' && step.ref !== object.ref;

function planName(o: RuntimeObject, v: View, main: Plan): Plan {
  if (isRightName(o, v.d) || !v.policy.renames) return main;
  const name = freeName(o, v);
  if (name === undefined) return main;
  return {
    ...main,
    steps: [{ kind: 'rename', ref: o.ref, name, reason: `the connector is now called "${v.d.name}"` }],
  };
}
