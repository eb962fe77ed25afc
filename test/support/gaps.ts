import type { Control } from '../../sandbox/control.ts';

/** Times between one push and the next of each connector (ms), the first counted from `since` (epoch ms). */
export function gapsOf(
  control: Pick<Control, 'calls'>,
  operation: 'updateConnectorLogs' | 'updateConnectorHealth',
  ids: readonly string[],
  since: number,
): ReadonlyMap<string, readonly number[]> {
  const last = new Map(ids.map((id) => [id, since]));
  const gaps = new Map(ids.map((id) => [id, [] as number[]]));
  for (const { at, connector = '' } of control.calls({ operation })) {
    const time = Date.parse(at);
    const before = last.get(connector);
    if (before === undefined || time < since) continue;
    gaps.get(connector)?.push(time - before);
    last.set(connector, time);
  }
  return gaps;
}
