import { permanent } from '../model/errors.ts';
import { type EngineOptions, onEngine } from './docker.ts';
import { type PortainerAddress, throughPortainer } from './portainer/client.ts';
import type { Runtime } from './runtime.ts';

export interface PortainerOptions
  extends Omit<PortainerAddress, 'grace'>, Omit<EngineOptions, 'labels' | 'registryHeader'> {
  readonly environmentType: string;
  /** Portainer shows containers of one Compose project as a stack. */
  readonly stack?: string;
  /** A registry stored in Portainer, whose credentials take the place of ours. */
  readonly registryId?: number;
}

/** What the engine waits before a kill when it is told nothing (seconds). */
const defaultGrace = 10;

/** Docker behind Portainer: the same containers, through an environment of its API. */
export function portainer(options: PortainerOptions): Runtime {
  if (options.environmentType !== 'docker')
    throw permanent(
      'InvalidConfiguration',
      `daemon.portainer.env_type is ${options.environmentType}; only docker is supported: reach Kubernetes or Swarm directly (daemon.selector)`,
    );
  const { engine, close } = throughPortainer({ ...options, grace: options.stopTimeout ?? defaultGrace });
  const runtime = onEngine('portainer', engine, {
    ...options,
    ...(options.stack === undefined ? {} : { labels: stackLabels(options.stack) }),
    ...(options.registryId === undefined ? {} : { registryHeader: { registryId: options.registryId } }),
  });
  return {
    ...runtime,
    close: () => {
      runtime.close();
      close();
    },
  };
}

export const stackLabels = (stack: string): Readonly<Record<string, string>> => ({
  'com.docker.compose.project': stack,
});
