import type { PortainerOptions } from '../../runtimes/portainer.ts';
import { throughPortainer } from '../../runtimes/portainer/client.ts';
import { advice } from './check.ts';
import { type ContainerFacts, type Findings, engineChecks } from './runtime.ts';

/** What of a platform's configuration concerns Portainer. */
export type PortainerFacts = Omit<ContainerFacts, 'networkMode'> & { readonly options: PortainerOptions };

/** Portainer, its key and environment, and the engine behind it as on Docker. */
export async function portainerChecks(facts: PortainerFacts, signal: AbortSignal): Promise<Findings> {
  const { platform, options } = facts;
  const key = `${platform}.daemon.portainer`;
  const { engine, close } = throughPortainer({ ...options, grace: 0 });
  try {
    const [checks, id] = await engineChecks(
      { ...facts, networkMode: options.hostOptions.networkMode },
      () => engine,
      `Portainer, environment ${options.environment}: `,
      `look at ${key}: api, api_key, env_id, and for its certificate ca or unsecured_certificate`,
      signal,
    );
    const trusting = advice(
      `${platform} certificate`,
      'any certificate of Portainer is accepted, and the API key goes to whoever shows one',
      `give the certificate of its CA in ${key}.ca and set ${key}.unsecured_certificate to false`,
    );
    return [options.unsecuredCertificate ? [...checks, trusting] : checks, id];
  } finally {
    close();
  }
}
