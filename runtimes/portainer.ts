import { permanent } from '../model/errors.ts';
import { type EngineOptions, onEngine } from './docker.ts';
import { type PortainerAddress, throughPortainer } from './portainer/client.ts';
import type { Runtime } from './runtime.ts';

export interface PortainerOptions
  extends Omit<PortainerAddress, 'grace'>, Omit<EngineOptions, 'labels' | 'registryHeader'> {
  /** What kind of environment it is; only `docker` is served. */
  readonly environmentType: string;
  /** Portainer shows containers of one Compose project as a stack. */
  readonly stack?: string;
  /** A registry stored in Portainer, whose credentials take the place of ours. */
  readonly registryId?: number;
}

/** What the engine waits before a kill when it is told nothing (seconds). */
const defaultGrace = 10;

/** By this label Portainer groups containers. */
const stackLabel = 'com.docker.compose.project';

/** Docker behind Portainer: the same containers, through an environment of its API. Throws `InvalidConfiguration`. */
export function portainer(options: PortainerOptions): Runtime {
  const { environmentType, stack, registryId, stopTimeout } = options;
  if (environmentType !== 'docker')
    throw permanent(
      'InvalidConfiguration',
      `daemon.portainer.env_type is ${environmentType}; only docker is supported: reach Kubernetes or Swarm directly (daemon.selector)`,
    );
  const { engine, close } = throughPortainer({ ...options, grace: stopTimeout ?? defaultGrace });
  const runtime = onEngine('portainer', engine, {
    hostOptions: options.hostOptions,
    pullConcurrency: options.pullConcurrency,
    timeoutMs: options.timeoutMs,
    ...(stopTimeout === undefined ? {} : { stopTimeout }),
    ...(stack === undefined ? {} : { labels: { [stackLabel]: stack } }),
    ...(registryId === undefined ? {} : { registryHeader: { registryId } }),
  });
  return {
    ...runtime,
    close: () => {
      runtime.close();
      close();
    },
  };
}
