import type { Api } from './api.ts';
import type { Service, Task } from './objects.ts';
import { isLeaving } from './state.ts';

/** Tasks of services, and the nodes whose tasks are out of reach. */
export interface View {
  readonly tasks: readonly Task[];
  readonly lost: ReadonlySet<string>;
}

const none: ReadonlySet<string> = new Set();

/** Nodes are asked for only while a task is on its way out: whether its node still answers matters to nobody else. */
export async function viewOf(api: Api, services: readonly Service[], signal: AbortSignal): Promise<View> {
  if (services.length === 0) return { tasks: [], lost: none };
  const tasks = await api.tasks(
    services.map((s) => s.ID),
    signal,
  );
  if (!tasks.some((t) => isLeaving(t, none))) return { tasks, lost: none };
  const nodes = await api.nodes(signal);
  return { tasks, lost: new Set(nodes.filter((n) => n.Status?.State === 'down').map((n) => n.ID)) };
}
