import type { RuntimeObject, Status } from './connector.ts';
import { crashWakeup } from './crash.ts';
import type { Memory } from './memory.ts';
import { type Told, reportNow, trustAfter } from './report.ts';
import type { Plan } from './step.ts';
import {
  type View,
  freeName,
  isRestless,
  lookAgain,
  soonest,
  standing,
  tellStopped,
  waiting,
  whyReplace,
} from './view.ts';

/** What brings the one object of a connector to what is wanted: up or down, with the wanted configuration. */
export function align(o: RuntimeObject, v: View): Plan {
  const { m, now, start, policy, p } = v;
  if (o.state === 'paused')
    return { steps: [{ kind: 'unpause', ref: o.ref, reason: 'it is paused' }], phase: 'starting', ...tellStopped(v) };
  const why = whyReplace(v, o);
  if (o.retried === true && (why === undefined || standing(v, 'refresh', 'start') !== undefined))
    return planRetried(o, v);
  const delayed = (m.startDueAt ?? 0) > now;
  if (delayed && (isRestless(o, v) || restartedItself(o, m)))
    return { steps: [{ kind: 'stop', ref: o.ref, reason: 'waiting out a reboot loop' }], phase: 'looping' };
  const givenUp = (m.betweenSince ?? now) + policy.startTimeout;
  const tried = o.retried === true;
  if (!tried && o.state === 'transitional' && now < givenUp) return planBetween(o, v, givenUp);
  if (!tried && (o.state === 'failed' || o.state === 'transitional'))
    return {
      steps: [{ kind: 'remove', ref: o.ref, reason: o.reason ?? 'the runtime gave it up' }],
      phase: 'deploying',
    };

  const up = o.state === 'running';
  if (why !== undefined) {
    const failure = standing(v, 'refresh', 'start');
    if (failure === undefined)
      return {
        steps: [{ kind: 'refresh', ref: o.ref, name: freeName(o, v) ?? o.name, start, reason: why }],
        phase: 'refreshing',
        ...early(up, start, p),
      };
    // The new configuration cannot be had yet: what was up stays up, what was down stays down.
    if (up || !start || !failure.wasUp || delayed || failure.action === 'start')
      return {
        steps: [],
        hold: failure.error.message,
        phase: 'failed',
        ...soonest(v, failure.retryAt, crashWakeup(m, o, policy)),
        ...reportNow(up, m, o, p, now),
      };
    return {
      steps: [{ kind: 'start', ref: o.ref, reason: 'it ended, and its replacement is not ready' }],
      phase: 'starting',
    };
  }
  if (!start || up) return planAligned(o, up, v);

  const failure = standing(v, 'start', 'deploy');
  if (failure !== undefined)
    return {
      steps: [],
      hold: failure.error.message,
      phase: 'failed',
      ...soonest(v, failure.retryAt),
      ...reportNow(up, m, o, p, now),
    };
  if (delayed) return { ...waiting(v), ...reportNow(up, m, o, p, now) };
  const reason =
    m.crashes > 0 && m.crashedAt !== undefined
      ? `it ended ${m.crashes === 1 ? 'once' : `${m.crashes} times`} unplanned`
      : 'it is wanted and down';
  return { steps: [{ kind: 'start', ref: o.ref, reason }], phase: m.looping ? 'looping' : 'starting' };
}

/** Its runtime goes on trying (Kubernetes): a start or a new object would only throw away its back-off. */
function planRetried(o: RuntimeObject, v: View): Plan {
  const { m, now, p, policy } = v;
  const givenUp = (m.betweenSince ?? now) + policy.startTimeout;
  const failure = standing(v, 'refresh', 'start');
  if ((m.startDueAt ?? 0) > now)
    return { steps: [{ kind: 'stop', ref: o.ref, reason: 'waiting out a reboot loop' }], phase: 'looping' };
  if (o.state === 'transitional' && now < givenUp) return planBetween(o, v, givenUp);
  return {
    steps: [],
    hold: failure?.error.message ?? o.reason ?? 'the runtime tries to start it',
    phase: m.looping ? 'looping' : 'failed',
    ...soonest(v, failure?.retryAt, crashWakeup(m, o, policy)),
    ...reportNow(false, m, o, p, now),
  };
}

/** The runtime's own restart policy was faster than the delay; a start by hand after the crash is left alone. */
const restartedItself = (o: RuntimeObject, { crashedAt }: Memory): boolean =>
  o.state === 'running' && o.startedAt !== undefined && crashedAt !== undefined && Date.parse(o.startedAt) <= crashedAt;

const planBetween = (o: RuntimeObject, v: View, givenUp: number): Plan => ({
  steps: [],
  hold: o.reason ?? 'the runtime is busy with it',
  phase: v.start ? 'starting' : 'stopping',
  ...soonest(v, v.now + lookAgain, givenUp),
  ...(v.p === 'started' && v.now - (v.m.betweenSince ?? v.now) > 30_000 ? { report: 'stopped' as const } : {}),
});

/** Up or down as wanted, with the wanted configuration. */
function planAligned(o: RuntimeObject, up: boolean, v: View): Plan {
  const { d, m, p, policy, now } = v;
  const trusted = m.looping && o.startedAt !== undefined ? Date.parse(o.startedAt) + trustAfter : undefined;
  const drifted = o.specHash !== undefined && o.specHash !== d.specHash;
  const text = "Cadenza's own settings changed; they apply at the next refresh";
  return {
    steps: [],
    phase: up ? (m.looping ? 'looping' : 'running') : 'stopped',
    ...(up ? soonest(v, crashWakeup(m, o, policy), trusted) : {}),
    ...reportNow(up, m, o, p, now),
    ...(drifted ? { note: { level: 'warn', event: 'local_drift', text } as const } : {}),
  };
}

/** What is told before a replacement: the truth, unless it is about to change back. */
const early = (up: boolean, start: boolean, p: Told): { report?: Status } => {
  if (up && start && p !== 'started') return { report: 'started' };
  return !up && !start && p === 'started' ? { report: 'stopped' } : {};
};
