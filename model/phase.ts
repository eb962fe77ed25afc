/**
 * The closed list of phases a connector's workflow can be in, as shown by `list`, in search attributes and in the
 * Temporal UI.
 *
 * - `absent`: nothing decided yet, or no object and none wanted right now
 * - `deploying`, `starting`, `stopping`, `refreshing`: an action of that kind is under way
 * - `running`, `stopped`: as wanted, nothing to do
 * - `looping`: in a reboot loop; waiting for the next start, or started again and not yet trusted
 * - `failed`: the last action failed or something stands in the way; `lastError` says what, the next try is timed
 * - `paused`: an operator told Cadenza to leave it alone
 * - `retired`: gone from the platform and removed; the workflow has ended
 */
export const phases = [
  'absent',
  'deploying',
  'stopped',
  'starting',
  'running',
  'stopping',
  'refreshing',
  'looping',
  'failed',
  'paused',
  'retired',
] as const;
export type Phase = (typeof phases)[number];
