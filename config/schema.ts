import { z } from 'zod';
import { manager } from './manager.ts';
import { platform } from './platform.ts';
import { temporal } from './temporal.ts';

/** The whole configuration. Every key takes raw text and gives its value; sections are always there. */
export const schema = z.strictObject({
  manager,
  opencti: platform('opencti'),
  openaev: platform('openaev'),
  temporal,
});

export type Config = z.output<typeof schema>;
export type ManagerConfig = Config['manager'];
export type PlatformConfig = Config['opencti'];
export type TemporalConfig = Config['temporal'];
export type DaemonConfig = PlatformConfig['daemon'];
export type DockerConfig = DaemonConfig['docker'];
export type SwarmConfig = DaemonConfig['swarm'];
export type KubernetesConfig = DaemonConfig['kubernetes'];
export type PortainerConfig = DaemonConfig['portainer'];
export type RegistryConfig = DaemonConfig['registry'];
