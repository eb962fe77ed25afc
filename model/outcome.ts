import { blockedDelay, failureDelay, listingDelay, notPermittedDelay, runtimeDelay } from './backoff.ts';
import type { RuntimeKind, RuntimeObject } from './connector.ts';
import { neverAgain, noticed, resetCrashes } from './crash.ts';
import { type Identity, identify } from './identity.ts';
import {
  type LifecycleEvent,
  type LifecycleLine,
  type Memory,
  forgetNotes,
  maxText,
  withLine,
  withNote,
  without,
} from './memory.ts';
import type { Desired, Observation } from './observation.ts';
import { type Step, wantKey, wanted } from './plan.ts';
import type { Policy } from './policy.ts';

/** How a look, a step and a failure change the memory. Pure: time and chance come in. */
export interface Moment {
  /** Epoch ms. */
  readonly now: number;
  /** In [0, 1). */
  readonly random: number;
}

const iso = (now: number): string => new Date(now).toISOString();

/** Takes in what the platform wants now. */
export function absorbDesired(m: Memory, d: Desired, previous: Desired | undefined, { now }: Moment): Memory {
  let next = m;
  if (m.override !== undefined && d.requested !== m.override.instead)
    next = withLine(
      without(next, 'override'),
      iso(now),
      'info',
      'command',
      `the platform now asks for ${d.requested}; the operator's ${m.override.requested} has ended`,
    );
  const request = wanted(d, next);
  if (next.requested !== undefined && next.requested !== request) next = resetCrashes(next);
  if (previous !== undefined && wantKey(previous) !== wantKey(d)) next = resetCrashes(forgetNotes(next, 'pull_failed'));
  if (next.failure !== undefined && next.failure.key !== wantKey(d)) next = without(next, 'failure', 'lastError');
  return { ...next, requested: request };
}

/** The platform was moved to another runtime; only what concerns the platform itself stays. */
export const movedTo = (m: Memory, runtime: RuntimeKind, at: string): Memory =>
  withLine(
    {
      ...resetCrashes(without(m, 'known', 'failure', 'lastError', 'betweenSince', 'stopFailures')),
      blind: 0,
      restarts: 0,
    },
    at,
    'info',
    'command',
    `the platform was moved to another runtime (${runtime}); what the old one runs is left as it is`,
  );

/** Takes in a look at the runtime. */
export function absorbSeen(m: Memory, d: Desired | undefined, o: Observation, moment: Moment): Memory {
  const { now, random } = moment;
  if (o.seen.kind === 'unknown') {
    const blind = m.blind + 1;
    const next: Memory = { ...m, blind, lastError: { kind: 'RuntimeUnavailable', message: o.seen.message } };
    return blind === 3
      ? withLine(next, iso(now), 'error', 'runtime_unreachable', `${o.seen.message}; the connector is left as it is`)
      : next;
  }
  let next: Memory = m.blind > 0 && m.lastError?.kind === 'RuntimeUnavailable' ? without(m, 'lastError') : m;
  next = { ...next, blind: 0 };
  if (d === undefined) return next;
  const identity = identify(d, o.seen.objects, o.policy.managerIds);
  if (identity.kind !== 'ours') return without(next, 'betweenSince');
  return absorbObject(next, d, identity, o.seen.contactSince, o.policy, now, random);
}

function absorbObject(
  m: Memory,
  d: Desired,
  { object }: Extract<Identity, { kind: 'ours' }>,
  contactSince: string,
  policy: Policy,
  now: number,
  random: number,
): Memory {
  const adopted =
    m.known === undefined && m.transitions.length === 0
      ? withNote(
          m,
          iso(now),
          'info',
          'adopted',
          `found "${object.name}" (${object.state}) and took it over as it is`,
          d.id,
        )
      : m;
  const noted = noticed(adopted, object, contactSince, policy, now, random);
  // The runtime went on trying where a step had given up.
  const settled = object.state === 'running' && ['deploy', 'start'].includes(noted.failure?.action ?? '');
  const next = settled ? without(noted, 'failure', 'lastError') : noted;
  if (object.state === 'transitional') return { ...next, betweenSince: next.betweenSince ?? now };
  return without(next, 'betweenSince');
}

/** Retry delay of the runtime lookup while it does not answer. */
export const blindDelay = (m: Memory, { random }: Moment): number => runtimeDelay(Math.max(1, m.blind), random);

const doneEvent: Partial<Record<Step['kind'], LifecycleEvent>> = {
  deploy: 'deployed',
  refresh: 'refreshed',
  start: 'started',
  stop: 'stopped',
  rename: 'renamed',
  remove: 'removed',
};

const startsProcess = (step: Step): boolean =>
  step.kind === 'start' ||
  step.kind === 'unpause' ||
  ((step.kind === 'deploy' || step.kind === 'refresh') && step.start);

/** A success disproves only its own kind of failure: restarting the old object does not make its replacement ready. */
const mends = ({ kind }: Step, failed: string): boolean =>
  kind === failed || kind === 'deploy' || kind === 'refresh' || (kind === 'start' && failed === 'deploy');

/** After a step succeeded, before its look is taken in: what we know we did is no crash. */
export function afterStep(m: Memory, step: Step, after: RuntimeObject | undefined, { now }: Moment): Memory {
  let next = without(m, 'stopFailures');
  if (next.failure === undefined || mends(step, next.failure.action)) next = without(next, 'failure', 'lastError');
  if (step.kind === 'deploy' || step.kind === 'refresh') {
    next = { ...without(next, 'redeploy', 'fresh', 'known'), restarts: 0 };
    next = forgetNotes(next, 'pull_failed', 'create_failed', 'start_failed', 'swap_undone', 'decrypt_failed');
  }
  const line = doneLine(step);
  if (line !== undefined) next = withLine(next, iso(now), 'info', line.event, line.text);
  if (after === undefined) return without(next, 'known');
  const state = startsProcess(step) ? 'running' : 'down';
  if (step.kind === 'rename') return next;
  const { ref, runtimeRestarts, instance } = after;
  return { ...next, known: { ref, state, runtimeRestarts, ...(instance === undefined ? {} : { instance }) } };
}

/** What the connector's log says of a step that worked. */
export function doneLine(step: Step): Pick<LifecycleLine, 'event' | 'text'> | undefined {
  const event = doneEvent[step.kind];
  return event === undefined ? undefined : { event, text: sentence(step).slice(0, maxText) };
}

function sentence(step: Step): string {
  switch (step.kind) {
    case 'deploy':
      return `created "${step.name}"${step.start ? ' and started it' : ''}: ${step.reason}`;
    case 'refresh':
      return `replaced by a new container${step.start ? ', started' : ', not started'}: ${step.reason}`;
    case 'rename':
      return `renamed to "${step.name}": ${step.reason}`;
    case 'start':
    case 'stop':
    case 'unpause':
    case 'remove':
      return step.reason;
  }
}

const failedEvent: Readonly<Record<string, LifecycleEvent>> = {
  ImagePull: 'pull_failed',
  CreateRefused: 'create_failed',
  NameConflict: 'name_conflict',
  StartFailed: 'start_failed',
  StopFailed: 'stop_failed',
  SwapUndone: 'swap_undone',
  DecryptionFailed: 'decrypt_failed',
  InvalidContract: 'invalid_record',
};

/** How long to wait after the `attempts`-th failure of this type (ms). */
function delayFor(type: string, attempts: number, random: number): number {
  switch (type) {
    case 'DecryptionFailed':
      return blockedDelay;
    case 'InvalidContract':
    case 'InvalidConfiguration':
      return neverAgain;
    case 'NotPermitted':
    case 'ManagerConflict':
    case 'WrongEngine':
      return notPermittedDelay;
    case 'PlatformUnavailable':
      return listingDelay(attempts, random);
    case 'RuntimeUnavailable':
      return runtimeDelay(attempts, random);
    default:
      return failureDelay(attempts, random);
  }
}

/** After a step failed: remembers it, times the next attempt, and tells the person who reads the connector's log. */
export function afterFailure(
  m: Memory,
  step: Step,
  d: Desired | undefined,
  wasUp: boolean,
  error: { readonly kind: string; readonly message: string },
  { now, random }: Moment,
): Memory {
  const key = d === undefined ? '' : wantKey(d);
  // Counted for the wish, not for the kind of step: two steps that fail in turn do not reset each other's delay.
  const before = m.failure?.key === key ? m.failure : undefined;
  const attempts = (before?.attempts ?? 0) + 1;
  const delay = step.kind === 'stop' ? 1_000 : delayFor(error.kind, attempts, random);
  // A taken name is looked into at once, by another look; only when that goes on it is a failure to wait for.
  const retryAt = error.kind === 'NameConflict' && attempts < 3 ? now : Math.min(now + delay, neverAgain);
  const failure = {
    action: step.kind,
    key,
    error,
    attempts,
    wasUp: before?.wasUp ?? wasUp,
    retryAt,
    since: before?.since ?? iso(now),
  };
  const next: Memory = {
    ...m,
    failure,
    lastError: error,
    ...(step.kind === 'stop' ? { stopFailures: (m.stopFailures ?? 0) + 1 } : {}),
  };
  const event = failedEvent[error.kind];
  if (event === undefined) return next;
  const when = retryAt >= neverAgain ? 'waiting for a change' : `next try ${iso(retryAt)}`;
  return withNote(next, iso(now), 'error', event, `${error.message}; ${when}`, error.message);
}
