import type { Platform } from '../model/connector.ts';
import { permanent } from '../model/errors.ts';
import { opencti, type OpenctiOptions } from './opencti.ts';
import type { PlatformClient } from './platform.ts';

/** What a client of each platform needs to be told. */
export interface PlatformOptions {
  readonly opencti: OpenctiOptions;
  readonly openaev: OpenctiOptions;
}

/** The client for a platform, by the configuration's name of it. */
export function platformClient<P extends Platform>(platform: P, options: PlatformOptions[P]): PlatformClient {
  switch (platform) {
    case 'opencti':
      return opencti(options);
    case 'openaev':
      throw permanent('InvalidConfiguration', 'this release does not serve OpenAEV; set openaev.enable to false');
    default:
      throw permanent('InvalidConfiguration', `there is no platform ${String(platform)}`);
  }
}
