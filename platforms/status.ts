import type { Requested, Status } from '../model/connector.ts';

/** `created`, `exited`, null and whatever else comes is not running. */
export const currentStatus = (raw: unknown): Status | null => {
  if (raw === null || raw === undefined) return null;
  return typeof raw === 'string' && ['started', 'healthy', 'running'].includes(raw) ? 'started' : 'stopped';
};

/** Only `starting` asks for a start: a new connector has `stopped` on OpenCTI, which is not even in the schema's enumeration. */
export const requestedStatus = (raw: unknown): Requested => (raw === 'starting' ? 'start' : 'stop');

export const isText = (value: unknown): value is string => typeof value === 'string' && value !== '';
