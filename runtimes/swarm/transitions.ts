import { connectorLabel } from '../../model/labels.ts';
import type { RuntimeEvent } from '../runtime.ts';
import { type Service, type Task, labelsOf } from './objects.ts';
import { isCrash, isOver, isRunning, tasksOf } from './tasks.ts';

/** What was last seen of a service, as far as a difference is an event. */
export interface Trace {
  readonly connectorId: string;
  readonly running: ReadonlySet<string>;
  readonly over: ReadonlySet<string>;
  /** Those of them that ran. */
  readonly crashed: ReadonlySet<string>;
}

export type Traces = ReadonlyMap<string, Trace>;

export const tracesOf = (services: readonly Service[], tasks: readonly Task[]): Traces =>
  new Map(
    services.map((s) => {
      const mine = tasksOf(s, tasks);
      const ids = (which: (t: Task) => boolean) => new Set(mine.filter((t) => which(t)).map((t) => t.ID));
      return [
        s.ID,
        {
          connectorId: labelsOf(s)[connectorLabel] ?? '',
          running: ids(isRunning),
          over: ids(isOver),
          crashed: ids(isCrash),
        },
      ];
    }),
  );

const nothing: Trace = { connectorId: '', running: new Set(), over: new Set(), crashed: new Set() };

/** What happened between two looks, in the order in which it must have happened for each service. */
export function changes(before: Traces, after: Traces, at: string): readonly RuntimeEvent[] {
  const of = (ref: string, { connectorId }: Trace, actions: readonly RuntimeEvent['action'][]) =>
    connectorId === '' ? [] : actions.map((action): RuntimeEvent => ({ connectorId, ref, action, at }));
  const gone = [...before].filter(([ref]) => !after.has(ref));
  return [
    ...gone.flatMap(([ref, trace]) => of(ref, trace, trace.running.size > 0 ? ['die', 'destroy'] : ['destroy'])),
    ...[...after].flatMap(([ref, now]) => {
      const known = before.get(ref);
      const was = known ?? nothing;
      const fresh = (now: ReadonlySet<string>, ...before: readonly ReadonlySet<string>[]): boolean =>
        [...now].some((id) => before.every((b) => !b.has(id)));
      // A stopped task may be forgotten at once; one that came and went between two looks is only seen as over.
      const died = fresh(was.running, now.running) || fresh(now.over, was.over, now.crashed);
      const flashed = fresh(now.crashed, was.over, was.running);
      return of(ref, now, [
        ...(known === undefined ? (['create'] as const) : []),
        ...(died ? (['die'] as const) : []),
        ...(flashed ? (['start', 'die'] as const) : []),
        ...(fresh(now.running, was.running) ? (['start'] as const) : []),
      ]);
    }),
  ];
}
