import type { Service, Task } from './objects.ts';

/** Readings of a service's tasks: one process after another, kept for a while after they ended. */

const over: ReadonlySet<string> = new Set(['complete', 'shutdown', 'failed', 'rejected', 'remove', 'orphaned']);
/** Ends nobody asked for. `rejected`: it never came to a process. */
const unplanned: ReadonlySet<string> = new Set(['complete', 'failed', 'rejected']);
const wished: ReadonlySet<string> = new Set(['running', 'ready']);

export const stateOf = (t: Task): string => t.Status?.State ?? '';
export const isOver = (t: Task): boolean => over.has(stateOf(t));
export const isUnplanned = (t: Task): boolean => unplanned.has(stateOf(t));
/** A process ran and ended by itself. */
export const isCrash = (t: Task): boolean => isUnplanned(t) && stateOf(t) !== 'rejected';
export const isRunning = (t: Task): boolean => stateOf(t) === 'running';
/** The Swarm wants it to run; the others are on their way out. */
export const isWished = (t: Task): boolean => wished.has(t.DesiredState ?? '');

const time = (t: Task): number => Date.parse(t.CreatedAt ?? '') || 0;

/** The tasks of one service, the oldest first. */
export const tasksOf = (service: Service, tasks: readonly Task[]): readonly Task[] =>
  tasks.filter((t) => t.ServiceID === service.ID).toSorted((a, b) => time(a) - time(b));

const envOf = (t: Task['Spec']): string => (t?.ContainerSpec?.Env ?? []).join('\n');

/**
 * Made from the present spec. Each change and each start of ours has a `ForceUpdate` of its own, so that ends from before
 * it are told apart; image and environment tell changes made by others.
 */
export function isCurrent({ Spec: { TaskTemplate: wanted } }: Service, { Spec: made }: Task): boolean {
  return (
    (made?.ForceUpdate ?? 0) === (wanted.ForceUpdate ?? 0) &&
    made?.ContainerSpec?.Image === wanted.ContainerSpec?.Image &&
    envOf(made) === envOf(wanted)
  );
}

/** A `ForceUpdate` that no task at hand was made with; a change that was rolled back has used one up. */
export const nextForce = (service: Service, tasks: readonly Task[]): number =>
  1 + Math.max(service.Spec.TaskTemplate.ForceUpdate ?? 0, ...tasks.map((t) => t.Spec?.ForceUpdate ?? 0));

/** The Swarm is carrying out a change, or taking it back. */
export const isChanging = ({ UpdateStatus }: Service): boolean =>
  UpdateStatus?.State === 'updating' || UpdateStatus?.State === 'rollback_started';
