import type { ObjectState, RuntimeObject } from '../../model/connector.ts';
import { parseReference } from '../../model/image.ts';
import { hashVariable, specHashLabel } from '../../model/labels.ts';
import { type Service, type Task, labelsOf, replicasOf } from './objects.ts';
import { isCrash, isCurrent, isOver, isRunning, isUnplanned, isWished, stateOf, tasksOf } from './tasks.ts';

/** What one look at a service and its tasks tells. */
export interface Standing {
  readonly state: ObjectState;
  readonly reason?: string;
  /** Not up, and the Swarm goes on trying. */
  readonly retried: boolean;
}

/** The true state: what the tasks do, not how many replicas are wished for. `lost`: nodes that do not answer. */
export function standing(service: Service, all: readonly Task[], lost: ReadonlySet<string>): Standing {
  const tasks = tasksOf(service, all);
  const leaving = tasks.some((t) => isLeaving(t, lost));
  if (replicasOf(service) === 0)
    return leaving
      ? { state: 'transitional', reason: 'the task is being stopped', retried: false }
      : { state: 'down', retried: false };
  const current = tasks.filter((t) => isCurrent(service, t));
  if (current.some((t) => isRunning(t) && isWished(t))) return { state: 'running', retried: false };
  const newest = current.at(-1);
  if (newest === undefined || tasks.some((t) => isRunning(t) && isWished(t)))
    return { state: 'transitional', reason: 'the change is being rolled out', retried: true };
  // While the next task waits for its turn or its image, what became of the one before is what there is to tell.
  const ended = current.findLast((t) => isUnplanned(t));
  const retried = isWished(newest);
  const reason = words(newest) ?? (ended === undefined ? undefined : words(ended));
  if (ended === undefined && !isOver(newest))
    return { state: 'transitional', reason: reason ?? `the task is ${stateOf(newest) || 'new'}`, retried };
  // One that was given up without having run is started anew rather than thrown away.
  const state = retried && ended !== undefined && !isCrash(ended) ? 'failed' : 'down';
  return { state, retried, ...(reason === undefined ? {} : { reason }) };
}

/** Still there although the Swarm no longer wants it. One on a lost node is out of anybody's reach. */
export const isLeaving = (t: Task, lost: ReadonlySet<string>): boolean =>
  !isOver(t) && !isWished(t) && !lost.has(t.NodeID ?? '');

function words({ Status: status }: Task): string | undefined {
  const text = (status?.Err ?? '').replaceAll(/\s+/g, ' ').trim().slice(0, 300);
  return text === '' ? undefined : text;
}

/** Value of a variable in `KEY=VALUE` form; an entry without `=` is an empty value. */
export function variable(service: Service, name: string): string | undefined {
  const env = service.Spec.TaskTemplate.ContainerSpec?.Env ?? [];
  const entry = env.find((e) => e === name || e.startsWith(`${name}=`));
  return entry === undefined ? undefined : entry.slice(name.length + 1);
}

/** A service as Cadenza sees objects; values of the environment other than the hash stay inside. */
export function toObject(
  service: Service,
  all: readonly Task[],
  restarts: number,
  lost: ReadonlySet<string>,
): RuntimeObject {
  const { state, reason, retried } = standing(service, all, lost);
  const labels = labelsOf(service);
  const contractHash = variable(service, hashVariable);
  const specHash = labels[specHashLabel];
  return {
    ref: service.ID,
    name: service.Spec.Name,
    labels,
    state,
    runtimeRestarts: restarts,
    ...(retried ? { retried } : {}),
    ...(contractHash === undefined ? {} : { contractHash }),
    ...(specHash === undefined ? {} : { specHash }),
    ...(reason === undefined ? {} : { reason }),
    ...(service.CreatedAt === undefined ? {} : { createdAt: service.CreatedAt }),
    ...imageOf(service),
    ...instanceOf(service, tasksOf(service, all)),
    ...processOf(service, tasksOf(service, all)),
  };
}

/** The task that runs, or that is to: one on another node in place of one that was drained is no crash. */
function instanceOf(service: Service, tasks: readonly Task[]): Pick<RuntimeObject, 'instance'> {
  const wished = tasks.filter((t) => isCurrent(service, t) && isWished(t));
  const task = wished.findLast((t) => isRunning(t)) ?? wished.at(-1);
  return task === undefined ? {} : { instance: task.ID };
}

/** The reference as it was asked for, and the digest it was resolved to. */
export function imageOf(service: Service): Pick<RuntimeObject, 'image' | 'imageDigest'> {
  const whole = service.Spec.TaskTemplate.ContainerSpec?.Image;
  if (whole === undefined) return {};
  const { tag, digest } = parseReference(whole);
  return {
    image: tag === undefined ? whole : whole.replace(/@.*$/, ''),
    ...(digest === undefined ? {} : { imageDigest: digest }),
  };
}

/**
 * The running process, and the last one of the present spec that ended by itself. A task tells the time of its last change only, so what has
 * ended is said to have begun when its task was made.
 */
function processOf(
  service: Service,
  tasks: readonly Task[],
): Pick<RuntimeObject, 'startedAt' | 'finishedAt' | 'exitCode'> {
  const running = tasks.findLast((t) => isRunning(t) && isWished(t));
  const ended = tasks.findLast((t) => isCrash(t) && isCurrent(service, t));
  const startedAt = running === undefined ? ended?.CreatedAt : running.Status?.Timestamp;
  const code = ended?.Status?.ContainerStatus?.ExitCode;
  return {
    ...(startedAt === undefined ? {} : { startedAt }),
    ...(ended?.Status?.Timestamp === undefined ? {} : { finishedAt: ended.Status.Timestamp }),
    ...(code === undefined ? {} : { exitCode: code }),
  };
}
