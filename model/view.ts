import type { Requested, RuntimeObject, Status } from './connector.ts';
import { neverAgain } from './crash.ts';
import { isRightName } from './identity.ts';
import type { Failure, Memory } from './memory.ts';
import type { Desired } from './observation.ts';
import type { Policy } from './policy.ts';
import type { Told } from './report.ts';
import type { Plan, StepKind } from './step.ts';

/** Questions every part of the plan asks. */
export const lookAgain = 5_000;

/** Contract and spec hash of what is wanted; failures are remembered for exactly this. */
export const wantKey = (d: Pick<Desired, 'contractHash' | 'specHash' | 'image'>): string =>
  `${d.contractHash}/${d.specHash}/${d.image === '' ? 'no-image' : ''}`;

/** What is asked for now: the operator's override, else the platform's request. */
export const wanted = (d: Desired, m: Memory): Requested => m.override?.requested ?? d.requested;

/** Everything a decision rests on. */
export interface View {
  readonly d: Desired;
  readonly m: Memory;
  readonly policy: Policy;
  readonly now: number;
  readonly start: boolean;
  /** What the platform is known to hold. */
  readonly p: Told;
  /** All that the look showed, foreign objects too: for names that are taken. */
  readonly all: readonly RuntimeObject[];
}

/** Why the object does not carry the wanted configuration; undefined: it does. */
export function outdated(d: Desired, o: RuntimeObject, policy: Policy): string | undefined {
  if (o.contractHash === undefined) return 'the object carries no configuration hash';
  if (o.contractHash !== d.contractHash) return `configuration ${o.contractHash} changed to ${d.contractHash}`;
  if (o.specHash === undefined || o.specHash === d.specHash || policy.rolloutOnLocalChange === 'never')
    return undefined;
  return `Cadenza's own settings changed (${o.specHash} to ${d.specHash})`;
}

export const whyReplace = ({ d, m, policy }: View, o: RuntimeObject): string | undefined =>
  m.redeploy === true ? 'an operator asked for a new container' : outdated(d, o, policy);

/** The failure that still forbids these actions; another hash, or the time, lifts it. */
export function standing({ d, m, now }: View, ...actions: readonly StepKind[]): Failure | undefined {
  const f = m.failure;
  return f !== undefined && (actions as readonly string[]).includes(f.action) && f.key === wantKey(d) && f.retryAt > now
    ? f
    : undefined;
}

/** The next look: never in the past, or the entity would look without a pause. */
export const soonest = ({ now }: View, ...times: readonly (number | undefined)[]): { wakeAt?: number } => {
  const ahead = times.filter((t): t is number => t !== undefined && t > now && t < neverAgain);
  return ahead.length === 0 ? {} : { wakeAt: Math.min(...ahead) };
};

export const tellStopped = ({ p }: View): { report?: Status } => (p === 'stopped' ? {} : { report: 'stopped' });

export const waiting = (v: View): Plan => ({
  steps: [],
  hold: 'waiting out a reboot loop',
  phase: 'looping',
  ...soonest(v, v.m.startDueAt),
});

/** In between (the runtime restarts it by itself), and not because we have just stopped it. */
export const isRestless = (o: RuntimeObject, { m }: View): boolean =>
  o.state === 'transitional' && !(m.known?.ref === o.ref && m.known.state === 'down');

/** The right name the object has (behind `-next` or `-prev`), else the first of the two right names nothing else holds. */
export function freeName(o: RuntimeObject, { d, all }: View): string | undefined {
  const { legacy, safe, legacyUsable } = d.names;
  const own = [o.name, o.name.replace(/-(next|prev)$/, '')].filter((name) => isRightName({ name }, d));
  return [...own, ...(legacyUsable ? [legacy] : []), safe].find((name) =>
    all.every((x) => x.name !== name || x.ref === o.ref),
  );
}
