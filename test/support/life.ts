import type { RuntimeObject, Status } from '../../model/connector.ts';
import { identify } from '../../model/identity.ts';
import type { Memory } from '../../model/memory.ts';
import type { Desired, Observation } from '../../model/observation.ts';
import { absorbDesired, absorbSeen, afterFailure, afterStep } from '../../model/outcome.ts';
import { type Plan, type Step, plan, wantKey } from '../../model/plan.ts';
import { type Policy, defaultPolicy } from '../../model/policy.ts';
import { Refused, type World, desiredOf, find, iso, memoryOf, pass, second, seen, stagesOf } from './world.ts';

/** One connector's entity between two looks. */
export interface Life {
  readonly world: World;
  readonly memory: Memory;
  readonly desired: Desired;
  readonly policy: Policy;
}

export const lifeOf = (world: World, more: Partial<Omit<Life, 'world'>> = {}): Life => ({
  world,
  memory: memoryOf(),
  desired: desiredOf(),
  policy: defaultPolicy,
  ...more,
});

const moment = (w: World) => ({ now: w.now, random: 0.5 });

/** Looks and plans; a report of the plan counts as pushed at once. */
export function think(
  life: Life,
  previous: Desired | undefined = life.desired,
): { readonly life: Life; readonly plan: Plan } {
  const { world, desired, policy } = life;
  const observation: Observation = { desired, seen: seen(find(world, desired)), policy };
  const absorbed = absorbSeen(
    absorbDesired(life.memory, desired, previous, moment(world)),
    desired,
    observation,
    moment(world),
  );
  const next = plan(desired, observation.seen, absorbed, policy, world.now);
  const memory: Memory =
    next.report === undefined ? absorbed : { ...absorbed, told: { status: next.report, at: iso(world.now) } };
  return { life: { ...life, memory }, plan: next };
}

/** The first step of the plan, unless it failed a moment ago and waits for its own time. */
export const dueStep = ({ memory: { failure }, desired, world }: Life, { steps: [step] }: Plan): Step | undefined =>
  failure !== undefined &&
  failure.action === step?.kind &&
  failure.retryAt > world.now &&
  failure.key === wantKey(desired)
    ? undefined
    : step;

/** What goes wrong with a step: refused by the engine, or the worker is lost behind stage `interrupt`. */
export interface Mishap {
  readonly refuse?: string;
  readonly interrupt?: number;
}

/** Carries a step out and remembers the outcome. */
export function act(
  life: Life,
  step: Step,
  mishap: Mishap = {},
): { readonly life: Life; readonly stages: readonly World[] } {
  const { world, desired, policy } = life;
  const own = (w: World): RuntimeObject | undefined => {
    const found = identify(desired, find(w, desired), policy.managerIds);
    return found.kind === 'ours' ? found.object : undefined;
  };
  const failed = (kind: string, message: string) => {
    const after = pass(world, second);
    const wasUp = own(world)?.state === 'running';
    const memory = afterFailure(life.memory, step, desired, wasUp, { kind, message }, moment(after));
    return { life: { ...life, world: after, memory }, stages: [after] };
  };
  if (mishap.refuse !== undefined) return failed(mishap.refuse, 'refused');
  try {
    const stages = stagesOf(world, step, desired);
    const cut = mishap.interrupt;
    if (cut !== undefined && cut < stages.length - 1) {
      const left = stages.slice(0, cut + 1);
      return { life: { ...life, world: left.at(-1) ?? world }, stages: left };
    }
    const end = stages.at(-1) ?? world;
    return { life: { ...life, world: end, memory: afterStep(life.memory, step, own(end), moment(end)) }, stages };
  } catch (error) {
    if (error instanceof Refused) return failed(error.kind, error.message);
    throw error;
  }
}

/** Time passes; what was in between has come to an end. */
export const wait = (life: Life, until: number): Life => ({
  ...life,
  world: {
    ...life.world,
    now: Math.max(life.world.now, until),
    objects: life.world.objects.map((o) => (o.state === 'transitional' ? { ...o, state: 'down' } : o)),
  },
});

/** Looks, acts and looks again until nothing is left to do; answers with what was done and told, in order. */
export function walk(
  life: Life,
  rounds = 12,
): { readonly life: Life; readonly trail: readonly string[]; readonly plan: Plan } {
  const trail: string[] = [];
  let now = life;
  for (let round = 0; ; round++) {
    const thought = think(now);
    now = thought.life;
    if (thought.plan.report !== undefined) trail.push(`tell ${thought.plan.report satisfies Status}`);
    const step = dueStep(now, thought.plan);
    if (step === undefined) return { life: now, trail, plan: thought.plan };
    if (round === rounds) throw new Error(`no rest after ${rounds} steps: ${trail.join(', ')}`);
    const up = (step.kind === 'deploy' || step.kind === 'refresh') && step.start;
    trail.push(up ? `${step.kind} and start` : step.kind);
    now = act(now, step).life;
  }
}
