import type { RuntimeObject } from '../../model/connector.ts';
import { Problem, permanent, retryable } from '../../model/errors.ts';
import { connectorLabel } from '../../model/labels.ts';
import type { Spec } from '../runtime.ts';
import type { Containers } from './containers.ts';

const longest = 63;
/** After an abort the undo still has to happen; it gets this long (ms). */
const undoTime = 30_000;

export const besideName = (name: string, suffix: '-next' | '-prev'): string =>
  `${name.slice(0, longest - suffix.length)}${suffix}`;

/**
 * Replaces a container: the new one is created beside the old one as `<name>-next`, the old one is stopped and becomes
 * `<name>-prev`, the new one takes the name and is started, the old one goes. The two never run at the same time. Any
 * failure puts the old one back. May be interrupted anywhere and run again: what it finds is completed or undone first.
 */
export async function swap(
  c: Containers,
  spec: Spec,
  current: string,
  start: boolean,
  signal: AbortSignal,
): Promise<void> {
  const next = besideName(spec.name, '-next');
  const prev = besideName(spec.name, '-prev');
  const labelled = await c.ofConnector(spec.connectorId, signal);
  // One that was recognised by its name carries no label of the connector.
  const adopted = labelled.some((o) => o.ref === current) ? undefined : await c.inspect(current, signal);
  const mine = adopted === undefined ? labelled : [...labelled, adopted];
  const isNew = (o: RuntimeObject) => o.contractHash === spec.contractHash && o.specHash === spec.specHash;

  // Interrupted behind the rename: the new one has the name, the old one waits as `-prev`.
  const kept = mine.find((o) => o.name === prev);
  const named = mine.find((o) => o.name === spec.name && o.ref !== kept?.ref);
  if (kept !== undefined && named !== undefined && isNew(named)) return finish(c, spec, named.ref, kept, start, signal);

  // Interrupted before it: nothing of the new one ever ran, so it is made anew.
  for (const o of mine) if (o.name === next && o.ref !== current) await c.remove(o.ref, signal);
  const old = mine.find((o) => o.ref === current) ?? kept;
  if (old === undefined) throw permanent('NameConflict', 'the container to replace is gone; looking again');
  await refuseStrangers(c, spec, mine, [spec.name, next, prev], signal);

  const created = await c.create(spec, next, signal);
  const wasUp = old.state === 'running';
  try {
    if (wasUp || old.state === 'paused') await c.stop(old.ref, false, signal);
    if (old.name !== prev) await c.rename(old.ref, prev, signal);
    await c.rename(created, spec.name, signal);
    if (start) await c.start(created, spec.name, signal);
  } catch (error) {
    await undo(c, spec, created, old, wasUp);
    throw undone(error);
  }
  await c.remove(old.ref, signal);
}

async function finish(
  c: Containers,
  spec: Spec,
  created: string,
  old: RuntimeObject,
  start: boolean,
  signal: AbortSignal,
): Promise<void> {
  try {
    if (old.state === 'running') await c.stop(old.ref, false, signal);
    if (start) await c.start(created, spec.name, signal);
  } catch (error) {
    await undo(c, spec, created, old, start);
    throw undone(error);
  }
  await c.remove(old.ref, signal);
}

/** The new one goes, the old one gets its name back and runs again if it ran. Has its own time, also after an abort. */
async function undo(c: Containers, spec: Spec, created: string, old: RuntimeObject, wasUp: boolean): Promise<void> {
  const signal = AbortSignal.timeout(undoTime);
  await c.remove(created, signal);
  await c.rename(old.ref, spec.name, signal);
  if (wasUp) await c.start(old.ref, spec.name, signal);
}

function undone(error: unknown): unknown {
  if (!(error instanceof Problem)) return error;
  return retryable('SwapUndone', `the replacement failed and the old container is back: ${error.message}`);
}

/** A name we need that belongs to something else is left alone. */
async function refuseStrangers(
  c: Containers,
  spec: Spec,
  mine: readonly RuntimeObject[],
  names: readonly string[],
  signal: AbortSignal,
): Promise<void> {
  const own = (o: RuntimeObject) => o.labels[connectorLabel] === spec.connectorId || mine.some((m) => m.ref === o.ref);
  for (const name of names) {
    const holder = await c.inspect(name, signal);
    if (holder?.name === name && !own(holder))
      throw permanent('NameConflict', `the container name "${name}" belongs to something else`);
  }
}
