import type Docker from 'dockerode';
import { retryable } from '../../model/errors.ts';
import type { RegistryAuth } from '../runtime.ts';
import { daemonMessage, statusOf, unavailable } from './errors.ts';

/** How the engine takes credentials: in a header of their own, never in the address. */
export const authConfig = (auth: RegistryAuth | undefined): Docker.AuthConfig | undefined =>
  auth === undefined
    ? undefined
    : { username: auth.username, password: auth.password, email: auth.email ?? '', serveraddress: auth.server };

/**
 * Manifest digest of the image a container was made from. An image can be known under several repositories; the one
 * that the container names counts.
 */
export async function runningDigest(engine: Docker, ref: string, signal: AbortSignal): Promise<string | undefined> {
  try {
    const { Image: id, Config } = await engine.getContainer(ref).inspect({ abortSignal: signal });
    const { RepoDigests } = await engine.getImage(id).inspect();
    const all = (RepoDigests ?? []).map((entry) => entry.split('@') as [string, string]);
    const [, digest] = all.find(([repository]) => sameRepository(repository, Config.Image)) ?? [];
    return digest;
  } catch (error) {
    if (statusOf(error) === 404) return undefined;
    throw unavailable(error, signal);
  }
}

/** The engine shortens names of the default registry. */
const sameRepository = (repository: string, reference: string): boolean =>
  short(repository) === short(reference.replace(/@.*$/, '').replace(/:[^:/]*$/, ''));

const short = (repository: string): string =>
  repository.replace(/^(index\.)?docker\.io\//, '').replace(/^library\//, '');

/** What the registry answers the engine for a reference, without a pull. */
export async function availableDigest(
  engine: Docker,
  image: string,
  auth: RegistryAuth | undefined,
  signal: AbortSignal,
): Promise<string> {
  const authconfig = authConfig(auth);
  try {
    const { Descriptor } = await engine
      .getImage(image)
      .distribution({ abortSignal: signal, ...(authconfig === undefined ? {} : { authconfig }) });
    return Descriptor.digest;
  } catch (error) {
    const status = statusOf(error);
    if (signal.aborted || status === undefined) throw unavailable(error, signal);
    throw retryable('ImagePull', `the registry does not tell what ${image} is now: ${daemonMessage(error) || status}`);
  }
}
