import type { Platform } from '../model/connector.ts';
import { openaev } from './openaev.ts';
import { opencti } from './opencti.ts';
import type { ClientOptions } from './options.ts';
import type { PlatformClient } from './platform.ts';

/** The client for a platform, by the configuration's name of it. */
export function platformClient(platform: Platform, options: ClientOptions): PlatformClient {
  switch (platform) {
    case 'opencti':
      return opencti(options);
    case 'openaev':
      return openaev(options);
  }
}
