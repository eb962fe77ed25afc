/** The settings a decision depends on. They travel with every observation, so a changed configuration takes effect at once. */
export interface Policy {
  /** Manager ids whose objects count as ours; the first one is the present id, the others are `manager.previous_ids`. */
  readonly managerIds: readonly string[];
  /** More unplanned ends than this ... */
  readonly loopRestarts: number;
  /** ... with less uptime than this (ms) is a reboot loop. */
  readonly loopWindow: number;
  /** Delay before the start after the first crash of a loop (ms); doubles with each further one. */
  readonly loopDelayFirst: number;
  readonly loopDelayMax: number;
  /** Uptime without a crash after which the crash count starts anew (ms). */
  readonly healthyReset: number;
  /** `backoff`: start again later; `stop`: not until a reset; `flag`: start at once and only report. */
  readonly loopAction: 'backoff' | 'stop' | 'flag';
  /** How long an object may be in between (created, pulling, removing) before it counts as failed (ms). */
  readonly startTimeout: number;
  /** `auto`: a change of Cadenza's own settings replaces the object; `never`: it is only shown. */
  readonly rolloutOnLocalChange: 'auto' | 'never';
  /** Whether the runtime can give an object another name in place (Docker can, Swarm and Kubernetes cannot). */
  readonly renames: boolean;
}

const minute = 60_000;

/** The shipped defaults; the configuration overrides each of them. */
export const defaultPolicy: Policy = {
  managerIds: ['default-manager-id'],
  loopRestarts: 3,
  loopWindow: 5 * minute,
  loopDelayFirst: minute,
  loopDelayMax: 60 * minute,
  healthyReset: 10 * minute,
  loopAction: 'backoff',
  startTimeout: 5 * minute,
  rolloutOnLocalChange: 'auto',
  renames: true,
};
