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
/** @public */
export type TemporalConfig = Config['temporal'];
/** @public */
export type DockerConfig = PlatformConfig['daemon']['docker'];
