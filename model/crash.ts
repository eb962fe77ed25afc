import type { RuntimeObject } from './connector.ts';
import { jittered } from './backoff.ts';
import { type Memory, forgetNotes, withLine, without } from './memory.ts';
import type { Policy } from './policy.ts';

/**
 * Reboot loops. A crash is an end of the process nobody asked for, whatever its exit code, or a restart the runtime made
 * by itself. Crashes 1 to 3 are answered by an immediate start; from the 4th on the delay is 1, 2, 4 ... 60 min ± 20 %.
 */
export const neverAgain = Number.MAX_SAFE_INTEGER;

/** Uptime in ms; 0 while not running. */
export const uptime = (o: Pick<RuntimeObject, 'state' | 'startedAt'>, now: number): number =>
  o.state === 'running' && o.startedAt !== undefined ? Math.max(0, now - Date.parse(o.startedAt)) : 0;

/** Delay before the next start after the `crashes`-th crash (ms); 0: at once. */
export function loopDelay(crashes: number, policy: Policy, random: number): number {
  if (crashes <= policy.loopRestarts || policy.loopAction === 'flag') return 0;
  const exponent = Math.min(crashes - policy.loopRestarts - 1, 30);
  return jittered(Math.min(policy.loopDelayFirst * 2 ** exponent, policy.loopDelayMax), random);
}

export const isLooping = (crashes: number, up: number, policy: Policy): boolean =>
  crashes > policy.loopRestarts && up < policy.loopWindow;

/**
 * How many times the process ended since the last look without us having asked for it. Ends from before the engine's
 * present stretch of contact are not counted: an engine restart, a host reboot or our own absence is no crash.
 */
export function countCrashes(m: Memory, o: RuntimeObject, contactSince: string): number {
  const { known } = m;
  if (known === undefined || known.ref !== o.ref) return 0;
  if (o.state === 'paused' || o.startedAt === undefined) return 0;
  if (o.finishedAt !== undefined && Date.parse(o.finishedAt) < Date.parse(contactSince)) return 0;
  const itself = Math.max(0, o.runtimeRestarts - known.runtimeRestarts);
  // The end that led to a restart under way was counted when that began; what the runtime restarted since is new.
  if (known.state !== 'running') return known.state === 'paused' ? 0 : itself;
  // The runtime has put another instance in its place: what failed before that is in its own count.
  if (o.instance !== undefined && known.instance !== undefined && o.instance !== known.instance) return itself;
  const sameProcess = o.state === 'running' && (known.startedAt === undefined || known.startedAt === o.startedAt);
  return sameProcess ? itself : Math.max(1, itself);
}

const remember = (m: Memory, o: RuntimeObject): Memory => ({
  ...m,
  known: {
    ref: o.ref,
    // What we stopped stays stopped until the runtime has settled it: it is not stopped again at every look.
    state: o.state === 'transitional' && m.known?.ref === o.ref && m.known.state === 'down' ? 'down' : o.state,
    runtimeRestarts: o.runtimeRestarts,
    ...(o.startedAt === undefined ? {} : { startedAt: o.startedAt }),
    ...(o.instance === undefined ? {} : { instance: o.instance }),
    ...(o.contractHash === undefined ? {} : { contractHash: o.contractHash }),
    ...(o.specHash === undefined ? {} : { specHash: o.specHash }),
  },
});

/** Starts the count anew: ten healthy minutes, a new hash, stop and start by the user, an operator's command. */
export const resetCrashes = (m: Memory): Memory =>
  forgetNotes({ ...without(m, 'startDueAt', 'crashedAt'), crashes: 0, looping: false }, 'crashed', 'reboot_loop');

/** Takes in one look at our object: counts crashes, raises and drops the loop flag, remembers the process. */
export function noticed(
  m: Memory,
  o: RuntimeObject,
  contactSince: string,
  policy: Policy,
  now: number,
  random: number,
): Memory {
  const at = new Date(now).toISOString();
  const ended = countCrashes(m, o, contactSince);
  let next = m;
  if (ended > 0) {
    const crashes = m.crashes + ended;
    const delay = loopDelay(crashes, policy, random);
    const stopped = crashes > policy.loopRestarts && policy.loopAction === 'stop';
    const due = stopped ? neverAgain : now + delay;
    next = { ...next, crashes, restarts: m.restarts + ended, crashedAt: now, startDueAt: due };
    const how = `exit code ${o.exitCode ?? 'unknown'}${o.oomKilled === true ? ', out of memory' : ''}`;
    next =
      crashes > policy.loopRestarts
        ? withLine(
            next,
            at,
            'error',
            'reboot_loop',
            `${crashes} unplanned ends, the last with ${how}; ${
              stopped
                ? 'not started again until stop and start, a new configuration or "cadenza restart"'
                : `next start ${new Date(due).toISOString()}; ${policy.healthyReset / 60_000} healthy minutes, a new configuration or "cadenza restart" end this`
            }`,
          )
        : withLine(next, at, 'warn', 'crashed', `unplanned end number ${crashes}, ${how}; starting again at once`);
  }
  next = remember(next, o);
  const up = uptime(o, now);
  if (next.crashes > 0 && up >= policy.healthyReset) next = resetCrashes(next);
  const looping = isLooping(next.crashes, up, policy);
  if (next.looping && !looping && o.state === 'running')
    next = withLine(next, at, 'info', 'reboot_loop_end', `running without a crash for ${Math.round(up / 60_000)} min`);
  return { ...next, looping };
}

/** Epoch ms of the next moment at which the passing of time alone changes something here; undefined: never. */
export function crashWakeup(m: Memory, o: RuntimeObject | undefined, policy: Policy): number | undefined {
  if (o?.state === 'running' && o.startedAt !== undefined && m.crashes > 0) {
    const started = Date.parse(o.startedAt);
    return m.looping ? started + policy.loopWindow : started + policy.healthyReset;
  }
  return m.startDueAt === neverAgain ? undefined : m.startDueAt;
}
