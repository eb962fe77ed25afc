import type { Requested, RuntimeObject, Status } from './connector.ts';
import { crashWakeup, neverAgain } from './crash.ts';
import { type Identity, identify, isRightName } from './identity.ts';
import type { Failure, LifecycleEvent, Memory } from './memory.ts';
import { type Desired, type Seen, isCandidate } from './observation.ts';
import type { Phase } from './phase.ts';
import type { Policy } from './policy.ts';
import { type Told, reportNow, told } from './report.ts';

/**
 * The heart: what to do about one connector. Pure: the record, the look at the runtime, the memory and the time come in;
 * what to do next comes out. It never throws on data; odd input is held with a reason. Whoever carries a plan out does
 * its first step, looks again and plans again, so that every step rests on a fresh look.
 */
export type Step =
  | { readonly kind: 'deploy'; readonly name: string; readonly start: boolean; readonly reason: string }
  | {
      readonly kind: 'refresh';
      readonly ref: string;
      readonly name: string;
      readonly start: boolean;
      readonly reason: string;
    }
  | { readonly kind: 'start' | 'stop' | 'unpause' | 'remove'; readonly ref: string; readonly reason: string }
  | { readonly kind: 'rename'; readonly ref: string; readonly name: string; readonly reason: string };

export type StepKind = Step['kind'];

export interface Note {
  readonly level: 'info' | 'warn' | 'error';
  readonly event: LifecycleEvent;
  readonly text: string;
}

export interface Plan {
  readonly steps: readonly Step[];
  /** Told to the platform before the steps. */
  readonly report?: Status;
  /** Why nothing is done although something is wanted. */
  readonly hold?: string;
  /** Epoch ms of the next look that the passing of time alone makes necessary. */
  readonly wakeAt?: number;
  /** Phase to show when no step is left. */
  readonly phase: Phase;
  /** Written once per change. */
  readonly note?: Note;
}

const lookAgain = 5_000;
const blockedLook = 60_000;

/** Contract and spec hash of what is wanted; failures are remembered for exactly this. */
export const wantKey = (d: Pick<Desired, 'contractHash' | 'specHash' | 'image'>): string =>
  `${d.contractHash}/${d.specHash}/${d.image === '' ? 'no-image' : ''}`;

/** What is asked for now: the operator's override, else the platform's request. */
export const wanted = (d: Desired, m: Memory): Requested => m.override?.requested ?? d.requested;

const isUp = (o: RuntimeObject | undefined): boolean => o?.state === 'running' || o?.state === 'paused';

const isLeftover = (o: RuntimeObject, d: Desired): boolean => !isRightName(o, d) && /-(next|prev)$/.test(o.name);

/** Why the object does not carry the wanted configuration; undefined: it does. */
export function outdated(d: Desired, o: RuntimeObject, policy: Policy): string | undefined {
  if (o.contractHash === undefined) return 'the object carries no configuration hash';
  if (o.contractHash !== d.contractHash) return `configuration ${o.contractHash} changed to ${d.contractHash}`;
  if (o.specHash === undefined || o.specHash === d.specHash || policy.rolloutOnLocalChange === 'never') return undefined;
  return `Cadenza's own settings changed (${o.specHash} to ${d.specHash})`;
}

/** The failure that still forbids `action`; another hash, or the time, lifts it. */
function standing(m: Memory, d: Desired, actions: readonly string[], now: number): Failure | undefined {
  const f = m.failure;
  return f !== undefined && actions.includes(f.action) && f.key === wantKey(d) && f.retryAt > now ? f : undefined;
}

const at = (time: number | undefined): { wakeAt?: number } =>
  time === undefined || time >= neverAgain ? {} : { wakeAt: time };

const soonest = (...times: readonly (number | undefined)[]): { wakeAt?: number } => {
  const known = times.filter((t): t is number => t !== undefined && t < neverAgain);
  return known.length === 0 ? {} : { wakeAt: Math.min(...known) };
};

/** Removal of all that is ours; foreign objects of the same connector id stay. */
export function planRemoval(
  id: string,
  platform: Desired['platform'],
  seen: Seen,
  policy: Policy,
  now: number,
): Plan {
  if (seen.kind === 'unknown') return { steps: [], hold: seen.message, phase: 'stopping', wakeAt: now + lookAgain };
  const ours = seen.objects.filter((o) => isCandidate(o, id, platform, policy.managerIds));
  const steps = ours.map((o): Step => ({ kind: 'remove', ref: o.ref, reason: 'the platform no longer lists it' }));
  return { steps, phase: 'retired' };
}

export function plan(desired: Desired, seen: Seen, m: Memory, policy: Policy, now: number): Plan {
  const p = told(m, desired);
  if (m.paused) return { steps: [], hold: 'paused by an operator until "cadenza resume"', phase: 'paused' };
  if (seen.kind === 'unknown') return { steps: [], hold: seen.message, phase: m.phase };
  const identity = identify(desired, seen.objects, policy.managerIds);
  if (identity.kind === 'blocked') return planBlocked(identity, p, now);
  if (identity.kind === 'missing') return planMissing(desired, identity, m, p, now);
  return planOurs(desired, identity, seen.objects, m, policy, p, now);
}

function planBlocked(identity: Extract<Identity, { kind: 'blocked' }>, p: Told, now: number): Plan {
  return {
    steps: [],
    hold: identity.message,
    phase: 'failed',
    ...(p === 'stopped' ? {} : { report: 'stopped' as const }),
    wakeAt: now + blockedLook,
    note: { level: 'error', event: identity.event, text: identity.message },
  };
}

function planMissing(
  d: Desired,
  identity: Extract<Identity, { kind: 'missing' }>,
  m: Memory,
  p: Told,
  now: number,
): Plan {
  const start = wanted(d, m) === 'start';
  const note: { note?: Note } =
    identity.collision === undefined
      ? {}
      : {
          note: {
            level: 'warn',
            event: 'name_conflict',
            text: `the name "${identity.collision}" belongs to something else; this connector runs as "${identity.name}"`,
          },
        };
  const failure = standing(m, d, ['deploy'], now);
  if (failure !== undefined) {
    const report = p === 'stopped' ? {} : { report: 'stopped' as const };
    return { steps: [], hold: failure.error.message, phase: 'failed', ...at(failure.retryAt), ...report, ...note };
  }
  if (start && m.startDueAt !== undefined && m.startDueAt > now) {
    const report = p === 'stopped' ? {} : { report: 'stopped' as const };
    return { steps: [], hold: 'waiting out a reboot loop', phase: 'looping', ...at(m.startDueAt), ...report };
  }
  const reason = m.known === undefined ? 'it has no container yet' : 'its container was removed outside Cadenza';
  return {
    steps: [{ kind: 'deploy', name: identity.name, start, reason }],
    phase: start ? 'starting' : 'deploying',
    ...(p === 'started' && !start ? { report: 'stopped' as const } : {}),
    ...note,
  };
}

function planOurs(
  d: Desired,
  { object, extras }: Extract<Identity, { kind: 'ours' }>,
  all: readonly RuntimeObject[],
  m: Memory,
  policy: Policy,
  p: Told,
  now: number,
): Plan {
  const start = wanted(d, m) === 'start';
  const mine = [object, ...extras];

  // A stop is always honoured, and first: whatever else is wrong with the record or the object.
  const running = mine.filter(isUp);
  if (!start && running.length > 0) {
    const reason = m.override === undefined ? 'the platform asks for a stop' : 'an operator asked for a stop';
    const steps = running.flatMap((o): Step[] => [
      ...(o.state === 'paused' ? [{ kind: 'unpause' as const, ref: o.ref, reason }] : []),
      { kind: 'stop', ref: o.ref, reason },
    ]);
    return { steps, phase: 'stopping' };
  }

  const swap = planLeftovers(d, mine, start, m, now);
  if (swap !== undefined) return swap;

  const extraUp = extras.filter(isUp);
  if (extraUp.length > 0)
    return {
      steps: extraUp.map((o) => ({ kind: 'stop', ref: o.ref, reason: 'another container of this connector is kept' })),
      phase: 'stopping',
    };

  const main = planOne(d, object, start, m, policy, p, now);
  if (main.steps.length > 0 || main.phase === 'failed') return main;
  if (extras.length > 0)
    return {
      ...main,
      steps: extras.map((o) => ({ kind: 'remove', ref: o.ref, reason: 'another container of this connector is kept' })),
    };
  return planName(d, object, all, policy, main);
}

/** An interrupted swap: the refresh is run again; it completes or undoes what it finds. */
function planLeftovers(
  d: Desired,
  mine: readonly RuntimeObject[],
  start: boolean,
  m: Memory,
  now: number,
): Plan | undefined {
  const left = mine.find((o) => isLeftover(o, d));
  if (left === undefined) return undefined;
  if (mine.length === 1) {
    // Alone, an old one is the connector itself (it gets its name back below); a new one never ran and may be half made.
    if (left.name.endsWith('-prev') || left.startedAt !== undefined) return undefined;
    return { steps: [{ kind: 'remove', ref: left.ref, reason: 'left by an interrupted replacement' }], phase: 'deploying' };
  }
  if (standing(m, d, ['refresh'], now) !== undefined) return undefined;
  const old = mine.find((o) => o.name.endsWith('-prev')) ?? mine.find((o) => !isLeftover(o, d)) ?? left;
  const name = stem(old.name, d);
  return {
    steps: [{ kind: 'refresh', ref: old.ref, name, start, reason: 'a replacement was interrupted' }],
    phase: 'refreshing',
  };
}

const rightName = (d: Desired): string => (d.names.legacyUsable ? d.names.legacy : d.names.safe);

const stem = (name: string, d: Desired): string => {
  const bare = name.replace(/-(next|prev)$/, '');
  return bare === d.names.legacy || bare === d.names.safe ? bare : rightName(d);
};

function planOne(
  d: Desired,
  o: RuntimeObject,
  start: boolean,
  m: Memory,
  policy: Policy,
  p: Told,
  now: number,
): Plan {
  if (o.state === 'paused') return { steps: [{ kind: 'unpause', ref: o.ref, reason: 'it is paused' }], phase: 'starting' };
  const between = m.betweenSince ?? now;
  if (o.state === 'transitional' && now - between < policy.startTimeout)
    return {
      steps: [],
      hold: o.reason ?? 'the runtime is busy with it',
      phase: start ? 'starting' : 'stopping',
      wakeAt: now + lookAgain,
      ...(now - between > 30_000 && p === 'started' ? { report: 'stopped' as const } : {}),
    };
  if (o.state === 'failed')
    return { steps: [{ kind: 'remove', ref: o.ref, reason: o.reason ?? 'the runtime gave it up' }], phase: 'deploying' };

  const why = m.redeploy === true ? 'an operator asked for a new container' : outdated(d, o, policy);
  const up = o.state === 'running';
  if (why !== undefined) {
    const failure = standing(m, d, ['refresh'], now);
    if (failure === undefined)
      return {
        steps: [{ kind: 'refresh', ref: o.ref, name: stem(o.name, d), start, reason: why }],
        phase: 'refreshing',
        ...early(up, start, p),
      };
    // The new configuration cannot be had yet: what was up stays up, what was down stays down.
    if (up || !start || !failure.wasUp || (m.startDueAt ?? 0) > now)
      return {
        steps: [],
        hold: failure.error.message,
        phase: 'failed',
        ...soonest(failure.retryAt, crashWakeup(m, o, policy)),
        ...reportNow(up, m, o, p, now),
      };
    return { steps: [{ kind: 'start', ref: o.ref, reason: 'it ended, and its replacement is not ready' }], phase: 'starting' };
  }

  const drift: { note?: Note } =
    o.specHash !== undefined && o.specHash !== d.specHash
      ? { note: { level: 'warn', event: 'local_drift', text: "Cadenza's own settings changed; they apply at the next refresh" } }
      : {};
  const timed = soonest(crashWakeup(m, o, policy), m.looping && up && o.startedAt ? Date.parse(o.startedAt) + 60_000 : undefined);
  if (!start || up)
    return {
      steps: [],
      phase: up ? (m.looping ? 'looping' : 'running') : 'stopped',
      ...(up ? timed : {}),
      ...reportNow(up, m, o, p, now),
      ...drift,
    };

  const failure = standing(m, d, ['start'], now);
  if (failure !== undefined)
    return { steps: [], hold: failure.error.message, phase: 'failed', ...at(failure.retryAt), ...reportNow(up, m, o, p, now) };
  if (m.startDueAt !== undefined && m.startDueAt > now)
    return {
      steps: [],
      hold: 'waiting out a reboot loop',
      phase: 'looping',
      ...at(m.startDueAt),
      ...reportNow(up, m, o, p, now),
    };
  const reason = m.crashes > 0 && m.crashedAt !== undefined ? `it ended ${m.crashes} times unplanned` : 'it is wanted and down';
  return { steps: [{ kind: 'start', ref: o.ref, reason }], phase: m.looping ? 'looping' : 'starting' };
}

/** What is told before a replacement: the truth, unless it is about to change back. */
const early = (up: boolean, start: boolean, p: Told): { report?: Status } => {
  if (up && start && p !== 'started') return { report: 'started' };
  return !up && !start && p === 'started' ? { report: 'stopped' } : {};
};

function planName(d: Desired, o: RuntimeObject, all: readonly RuntimeObject[], policy: Policy, main: Plan): Plan {
  if (isRightName(o, d) || !policy.renames) return main;
  const taken = (name: string): boolean => all.some((x) => x.name === name && x.ref !== o.ref);
  const name = d.names.legacyUsable && !taken(d.names.legacy) ? d.names.legacy : d.names.safe;
  if (taken(name)) return main;
  return { ...main, steps: [{ kind: 'rename', ref: o.ref, name, reason: `the connector is now called "${d.name}"` }] };
}
