import type { Health, RuntimeObject, Status } from './connector.ts';
import type { Memory } from './memory.ts';
import type { Desired } from './observation.ts';

/** What the platform is known to hold; `null`: it was never told. */
export type Told = Status | null;

/** In a reboot loop `started` is told only after this much uptime (ms), so that the platform's audit trail is not flooded. */
export const trustAfter = 60_000;

/** A value pushed after the listing began counts; a listing that began before the push does not override it. */
export const told = (m: Memory, d: Pick<Desired, 'reported' | 'listedAt'>): Told =>
  m.told !== undefined && Date.parse(m.told.at) >= Date.parse(d.listedAt) ? m.told.status : d.reported;

/** The status to tell when nothing is left to do; nothing when the platform knows it already. */
export function reportNow(up: boolean, m: Memory, o: RuntimeObject, p: Told, now: number): { report?: Status } {
  const untrusted = up && m.looping && o.startedAt !== undefined && now - Date.parse(o.startedAt) < trustAfter;
  if (untrusted) return p === null ? { report: 'stopped' } : {};
  const status: Status = up ? 'started' : 'stopped';
  return p === status ? {} : { report: status };
}

/** Two health reports with the same mark say the same. */
export const healthMark = ({ restartCount, startedAt, inRebootLoop }: Health): string =>
  `${restartCount} ${startedAt} ${inRebootLoop}`;
