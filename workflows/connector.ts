import {
  ActivityFailure,
  ApplicationFailure,
  CancellationScope,
  TimeoutFailure,
  allHandlersFinished,
  condition,
  continueAsNew,
  isCancellation,
  setHandler,
  workflowInfo,
} from '@temporalio/workflow';
import { announcement, withAnnounced } from '../model/announce.ts';
import type { CommandResult } from '../model/command.ts';
import type { ErrorSummary } from '../model/errors.ts';
import { type Memory, newMemory, withLine, withNote, withPhase } from '../model/memory.ts';
import type { Desired, Observation, Place } from '../model/observation.ts';
import { absorbDesired, absorbSeen, afterFailure, afterStep, blindDelay, movedTo } from '../model/outcome.ts';
import { type Plan, type Step, plan, planRemoval, wantKey, wanted } from '../model/plan.ts';
import type { Phase } from '../model/phase.ts';
import { told } from '../model/report.ts';
import { display } from './connector/display.ts';
import {
  type EntityState,
  type Job,
  applyCommand,
  healthToTell,
  markdownOf,
  memoOf,
  ownObject,
} from './connector/entity.ts';
import { reporter } from './connector/reporter.ts';
import { connectorActivities } from './connector/steps.ts';
import * as messages from './messages.ts';

const maxRounds = 20;
const settleLook = 60_000;
const defaultWait = 60_000;
const deployPatience = 30_000;

const phaseOf: Record<Step['kind'], Phase> = {
  deploy: 'deploying',
  refresh: 'refreshing',
  start: 'starting',
  stop: 'stopping',
  unpause: 'starting',
  rename: 'running',
  remove: 'stopping',
};

/**
 * One connector, for as long as its platform lists it. Sleeps until the poller, an engine event, a timer or a person
 * wakes it; then looks, plans, takes the first step, and looks again, until nothing is left to do.
 */
export async function connector(input: messages.ConnectorInput): Promise<void> {
  let memory: Memory = input.carried?.memory ?? newMemory(new Date().toISOString());
  let desired: Desired | undefined = input.carried?.desired;
  let observation: Observation | undefined = input.carried?.observation;
  let inbox: Observation | undefined;
  let woken: string | undefined;
  let retiring: { readonly reason: string } | undefined;
  let upgrading = false;
  let doing: { readonly action: string; readonly since: string } | undefined;
  let wakeAt: number | undefined = input.carried === undefined ? undefined : Date.now();
  const jobs: Job[] = [];

  let here = input;
  let { perform, look } = connectorActivities(here);
  const show = display();
  const outbox = reporter(input, connectorActivities(input).report, (sent, at) => {
    if (sent.status !== undefined) memory = { ...memory, told: { status: sent.status, at } };
  });
  const state = (): EntityState => ({ memory, desired, observation });
  const moment = () => ({ now: Date.now(), random: Math.random() });
  const iso = () => new Date().toISOString();
  const publish = (): void =>
    show(
      memoOf(here, state()),
      memory.looping,
      markdownOf(
        here,
        state(),
        doing === undefined ? undefined : `${doing.action} since ${doing.since}`,
        wakeAt === undefined ? undefined : new Date(wakeAt).toISOString(),
      ),
    );
  // After continuing as new the lines are told once more: the worker that has them may be another one.
  let linesTold = input.carried === undefined ? '' : (memory.lines.at(-1)?.at ?? '');
  /** Hands the reporter what the platform does not know yet. */
  const tell = (status?: Plan['report']): void => {
    if (status !== undefined && memory.told?.status !== status) {
      memory = { ...memory, told: { status, at: iso() } };
      outbox.tell({ status });
    } else if (status !== undefined) {
      memory = { ...memory, told: { status, at: iso() } };
      if (outbox.idle()) outbox.tell({ status });
    }
    const health = healthToTell(state());
    if (health !== undefined) {
      memory = { ...memory, healthTold: health.mark };
      outbox.tell({ health: health.health });
    }
    const newest = newestLine(memory);
    if (newest !== '' && newest !== linesTold) {
      linesTold = newest;
      outbox.tell({ lines: memory.lines });
    }
  };
  /** Only with nothing else on its way, which could arrive later and turn the platform's picture back. */
  const mayAnnounce = (step: Step) =>
    desired === undefined || retiring !== undefined || !outbox.idle() ? undefined : announcement(memory, step, desired);

  setHandler(messages.observe, (o) => {
    inbox = o;
    // Back in the listing before the removal: the removal is off.
    if (typeof o.desired === 'object') retiring = undefined;
  });
  setHandler(messages.wake, ({ event }) => {
    woken = event;
  });
  setHandler(messages.retire, ({ reason, observation: o }) => {
    retiring = { reason };
    if (o !== undefined) inbox = o;
  });
  setHandler(messages.upgrade, () => {
    upgrading = true;
  });
  setHandler(messages.connectorState, () => ({
    summary: memoOf(here, state()).summary,
    memory,
    desired: desired ?? null,
    doing: doing ?? null,
    nextLook: wakeAt === undefined ? null : new Date(wakeAt).toISOString(),
  }));
  setHandler(
    messages.apply,
    async ({ command, waitMs, fresh }): Promise<CommandResult> => {
      const job: Job = {
        command,
        fresh: fresh === true,
        taken: false,
        done: false,
        restartPending: command === 'restart',
        actions: [],
      };
      jobs.push(job);
      const settled = await condition(() => job.done, waitMs ?? defaultWait);
      return { settled, phase: memory.phase, actions: job.actions, message: answer(job, settled, memory) };
    },
    {
      validator: ({ command, waitMs }) => {
        if (!(command in commandNames))
          throw ApplicationFailure.nonRetryable(`unknown command "${command}"`, 'InvalidCommand');
        if (waitMs !== undefined && !(waitMs >= 0))
          throw ApplicationFailure.nonRetryable('waitMs must be 0 or more', 'InvalidCommand');
      },
    },
  );

  const isElsewhere = (place: Place | undefined): place is Place =>
    place !== undefined && place.queue !== here.runtimeQueue;
  /** The platform was moved to another runtime: what was known of the old one's objects says nothing about this one's. */
  const settleIn = ({ runtime, queue }: Place): void => {
    here = { ...here, runtime, runtimeQueue: queue };
    ({ perform, look } = connectorActivities(here));
    memory = movedTo(memory, runtime, iso());
  };
  /** Looks; gives up when nobody answers on this queue any more because the platform was moved. */
  const lookNow = async (why: string): Promise<Observation | undefined> => {
    let answered = false;
    const scope = new CancellationScope();
    const looking = scope
      .run(() => look(why))
      .finally(() => {
        answered = true;
      });
    try {
      await condition(() => answered || isElsewhere(inbox?.place));
      if (!answered) scope.cancel();
      return await looking;
    } catch (error) {
      if (isCancellation(error) && isElsewhere(inbox?.place)) return undefined;
      throw error;
    }
  };

  /** What would make the step under way pointless: something newer is wanted. */
  const overtaken = (step: Step): boolean => {
    if (isElsewhere(inbox?.place)) return true;
    if (step.kind !== 'deploy' && step.kind !== 'refresh') return false;
    if (retiring !== undefined || jobs.some((j) => !j.taken && j.command !== 'reconcile')) return true;
    const newer = inbox?.desired;
    if (typeof newer !== 'object' || desired === undefined) return false;
    return wantKey(newer) !== wantKey(desired) || (step.start && wanted(newer, memory) === 'stop');
  };

  /** Runs one step; answers with the look that followed it, or nothing when the world has to be looked at again. */
  const take = async (step: Step): Promise<Observation | undefined> => {
    const wasUp = ownObject(state())?.state === 'running';
    const active = jobs.filter((j) => j.taken && !j.done);
    const note = (error?: string): void => {
      for (const j of active)
        j.actions.push({
          id: input.id,
          name: desired?.name ?? input.id,
          action: step.kind,
          reason: step.reason,
          ...(error === undefined ? {} : { error }),
        });
    };
    doing = { action: `${step.kind}: ${step.reason}`, since: iso() };
    memory = withPhase(
      memory,
      iso(),
      memory.looping && step.kind === 'start' ? 'looping' : phaseOf[step.kind],
      step.reason,
    );
    publish();
    tell();
    let finished = false;
    const scope = new CancellationScope();
    const running = scope
      .run(() =>
        perform(step, desired, {
          force: step.kind === 'stop' && (memory.stopFailures ?? 0) >= 3,
          confirmGone: retiring !== undefined,
          fresh: memory.fresh === true,
          announce: mayAnnounce(step),
        }),
      )
      .finally(() => {
        finished = true;
      });
    try {
      // A created object that is still not up after 30 s is no longer "started", whatever the platform believes.
      const early = () => finished || overtaken(step);
      const claimed = step.kind === 'deploy' && desired !== undefined && told(memory, desired) === 'started';
      if (claimed && !(await condition(early, deployPatience, { summary: 'still told as started' }))) tell('stopped');
      await condition(early);
      if (!finished) scope.cancel();
      const { announced, ...after } = await running;
      note();
      const at = announced === undefined ? Date.now() : Date.parse(announced.at);
      memory = afterStep(memory, step, objectAfter(after, desired), { ...moment(), now: at });
      if (announced !== undefined) {
        memory = withAnnounced(memory, announced);
        linesTold = newestLine(memory);
      }
      return after;
    } catch (error) {
      if (isCancellation(error)) return undefined;
      const failed = failureOf(error);
      if (failed === undefined) throw error;
      if (failed.kind === 'Superseded') {
        if (retiring !== undefined && step.kind === 'remove') retiring = undefined;
        return undefined;
      }
      if (failed.kind === 'Timeout') {
        memory = withLine(
          memory,
          iso(),
          'warn',
          'runtime_unreachable',
          `the worker was lost during "${step.kind}"; looking again`,
        );
        return undefined;
      }
      note(failed.message);
      memory = afterFailure(memory, step, desired, wasUp, failed, moment());
      return undefined;
    } finally {
      doing = undefined;
    }
  };

  const absorb = (o: Observation): void => {
    if (isElsewhere(o.place)) settleIn(o.place);
    // A look by a worker with an older listing does not turn the wish back.
    if (typeof o.desired === 'object' && (desired === undefined || o.desired.listedAt >= desired.listedAt)) {
      memory = absorbDesired(memory, o.desired, desired, moment());
      desired = o.desired;
    }
    if (o.problem !== undefined)
      memory = {
        ...withNote(memory, iso(), 'error', 'invalid_record', o.problem),
        lastError: { kind: 'InvalidContract', message: o.problem },
      };
    observation = o;
    memory = absorbSeen(memory, desired, o, moment());
  };

  const nextPlan = (o: Observation): Plan => {
    if (retiring !== undefined) return planRemoval(input.id, input.platform, o.seen, o.policy, Date.now());
    if (desired === undefined) return { steps: [], phase: o.problem === undefined ? 'absent' : 'failed' };
    const next = plan(desired, o.seen, memory, o.policy, Date.now());
    const own = ownObject(state());
    const restart = jobs.find((j) => j.taken && !j.done && j.restartPending);
    if (restart !== undefined && o.seen.kind === 'seen') {
      restart.restartPending = false;
      if (own?.state === 'running')
        return { ...next, steps: [{ kind: 'stop', ref: own.ref, reason: 'an operator asked for a restart' }] };
    }
    return next;
  };

  /** Looks, plans and acts until nothing is left to do now. Answers true when the connector is removed. */
  const settle = async (first: Observation | undefined): Promise<boolean> => {
    let current = first;
    for (let round = 0; round < maxRounds; round++) {
      if (inbox !== undefined) {
        const newer: Observation = inbox;
        inbox = undefined;
        const moved = isElsewhere(newer.place);
        if (moved) settleIn(newer.place);
        if (typeof newer.desired === 'object' || newer.problem !== undefined) absorb(newer);
        if (moved || (round > 0 && typeof newer.desired === 'object')) current = undefined;
      }
      takeJobs();
      if (current === undefined) {
        woken = undefined;
        doing = { action: 'look', since: iso() };
        current = await lookNow(round === 0 ? (woken ?? 'time') : 'after a step');
        doing = undefined;
        if (current === undefined) continue;
      }
      absorb(current);
      const next = nextPlan(current);
      if (next.note !== undefined) memory = withNote(memory, iso(), next.note.level, next.note.event, next.note.text);
      tell(next.report);
      const [step] = next.steps;
      if (step !== undefined && !heldBack(step, memory, desired, Date.now())) {
        current = await take(step);
        continue;
      }
      if (retiring !== undefined && step === undefined && current.seen.kind === 'seen') return true;
      rest(next, step, current);
      return false;
    }
    wakeAt = Date.now() + settleLook;
    memory = withPhase(memory, iso(), 'failed', `no rest after ${maxRounds} steps; looking again in a minute`);
    return false;
  };

  const rest = (next: Plan, held: Step | undefined, o: Observation): void => {
    const due = [next.wakeAt, held === undefined ? undefined : memory.failure?.retryAt];
    if (o.seen.kind === 'unknown') due.push(Date.now() + blindDelay(memory, moment()));
    const times = due.filter((t): t is number => t !== undefined && t < Number.MAX_SAFE_INTEGER);
    wakeAt = times.length === 0 ? undefined : Math.min(...times);
    const phase = held !== undefined || o.seen.kind === 'unknown' ? 'failed' : next.phase;
    const healthy = phase === 'running' || phase === 'stopped';
    if (healthy && memory.failure === undefined && o.problem === undefined && memory.lastError !== undefined) {
      const { lastError: _cleared, ...others } = memory;
      memory = others;
    } else if (phase === 'failed' && memory.lastError === undefined && next.hold !== undefined) {
      memory = {
        ...memory,
        lastError: { kind: next.note?.event === undefined ? 'NotReady' : 'NameConflict', message: next.hold },
      };
    }
    memory = withPhase(memory, iso(), phase, next.hold ?? memory.lines.at(-1)?.text ?? 'as wanted');
    tell();
  };

  const takeJobs = (): void => {
    for (const job of jobs) {
      if (job.taken) continue;
      job.taken = true;
      memory = applyCommand(memory, desired, job.command, Date.now());
      if (job.fresh && memory.redeploy === true) memory = { ...memory, fresh: true };
    }
  };

  const stirred = (): boolean =>
    inbox !== undefined || woken !== undefined || retiring !== undefined || upgrading || jobs.some((j) => !j.taken);

  for (;;) {
    const info = workflowInfo();
    const long = input.maxHistory !== undefined && info.historyLength > input.maxHistory;
    if (
      (info.continueAsNewSuggested || long || upgrading) &&
      inbox === undefined &&
      woken === undefined &&
      retiring === undefined
    ) {
      await condition(() => allHandlersFinished() && outbox.idle());
      if (inbox === undefined && woken === undefined && retiring === undefined) {
        const carried = {
          memory,
          ...(observation === undefined ? {} : { observation }),
          ...(desired === undefined ? {} : { desired }),
        };
        await continueAsNew<typeof connector>({ ...here, carried });
      }
    }
    if (wakeAt === undefined) await condition(stirred);
    else if (wakeAt > Date.now()) await condition(stirred, wakeAt - Date.now(), { summary: timerName(memory, wakeAt) });
    if (upgrading && inbox === undefined && woken === undefined && jobs.every((j) => j.taken) && retiring === undefined)
      continue;

    // A fresh observation that came while resting is as good as a look of our own.
    const fresh =
      inbox?.seen.kind === 'seen' && typeof inbox.desired === 'object' && woken === undefined ? inbox : undefined;
    if (fresh !== undefined) inbox = undefined;
    wakeAt = undefined;
    const removed = await settle(fresh);
    for (const job of jobs) if (job.taken) job.done = true;
    jobs.splice(0, jobs.length, ...jobs.filter((j) => !j.done));
    if (removed) {
      memory = withPhase(memory, iso(), 'retired', retiring?.reason ?? 'removed');
      publish();
      outbox.close();
      await condition(() => allHandlersFinished() && outbox.idle(), '2m');
      return;
    }
    publish();
  }
}

const newestLine = (m: Memory): string => {
  const line = m.lines.at(-1);
  return line === undefined ? '' : `${line.at}${line.text}`;
};

const commandNames = { start: 1, stop: 1, restart: 1, redeploy: 1, pause: 1, resume: 1, reconcile: 1 };

/** A step that has just failed waits for its own time, whatever wakes the entity. */
const heldBack = (step: Step, m: Memory, d: Desired | undefined, now: number): boolean =>
  m.failure !== undefined &&
  m.failure.action === step.kind &&
  m.failure.retryAt > now &&
  (d === undefined || m.failure.key === wantKey(d));

const objectAfter = (o: Observation, d: Desired | undefined) =>
  d === undefined ? undefined : ownObject({ memory: newMemory(''), desired: d, observation: o });

function failureOf(error: unknown): ErrorSummary | undefined {
  if (!(error instanceof ActivityFailure)) return undefined;
  const { cause } = error;
  if (cause instanceof TimeoutFailure) return { kind: 'Timeout', message: cause.message };
  if (cause instanceof ApplicationFailure) return { kind: cause.type ?? 'Unexpected', message: cause.message };
  return { kind: 'Unexpected', message: 'see the worker log' };
}

/** What the Temporal UI shows beside the timer. */
function timerName(m: Memory, until: number): string {
  const left = Math.max(1, Math.round((until - Date.now()) / 1000));
  const span = left >= 120 ? `${Math.round(left / 60)} min` : `${left} s`;
  if (m.phase === 'looping') return `reboot loop, attempt ${m.crashes}, ${span}`;
  if (m.failure !== undefined) return `${m.failure.action} again in ${span}, attempt ${m.failure.attempts + 1}`;
  return `next look in ${span}`;
}

function answer(job: Job, settled: boolean, m: Memory): string {
  const failed = job.actions.find((a) => a.error !== undefined);
  if (failed !== undefined) return `${failed.action} failed: ${failed.error}`;
  if (!settled) return `accepted; still ${m.phase}, "cadenza show" follows it`;
  const did = job.actions.length === 0 ? 'nothing to do' : job.actions.map((a) => a.action).join(', ');
  return `${did}; now ${m.phase}${m.lastError === undefined ? '' : ` (${m.lastError.message})`}`;
}
