import { statusOf } from '../docker/errors.ts';
import { environmentGone, forbidden, keyRefused, translated } from './errors.ts';

/** Reads `/_ping` of the environment's engine; rejects with what it answered otherwise. */
export type Probe = () => Promise<unknown>;

/** Of one whole environment: the probe's own failure. */
export function ofEnvironment(error: unknown, id: string): unknown {
  const status = statusOf(error);
  if (status === 401) return keyRefused();
  if (status === 403) return forbidden(error, id);
  if (status === 404) return environmentGone(id);
  return translated(error);
}

/**
 * Whose answer an error is. Portainer and the engine behind it use the same statuses: a 404 is a container that is not
 * there, or an environment that is not; a 401 comes of a wrong key, or of a registry. Only where the environment still
 * answers it was the engine's, and only that proves absence.
 */
export async function judged(error: unknown, path: string, id: string, probe: Probe): Promise<unknown> {
  const status = statusOf(error);
  // Of a failed stream docker-modem keeps the message only, and not what tells Portainer's errors from the engine's.
  const bare = status === 500 && !(error as { json?: object | null }).json;
  if (status !== 401 && status !== 403 && status !== 404 && !bare) return translated(error);
  const trouble = await probe().then(
    () => undefined,
    (e: unknown) => ofEnvironment(e, id),
  );
  if (trouble !== undefined) return trouble;
  // A 403 of a create is an opinion on the container, one about an image the registry's; any other is on the key's user.
  return status === 403 && !/^\/(containers\/create|images\/|distribution\/)/.test(path) ? forbidden(error, id) : error;
}
