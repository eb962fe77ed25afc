import { createHash } from 'node:crypto';
import type { Platform } from '../model/connector.ts';

/** First 8 hex digits of SHA-256 over `<platform>/<connector id>`: the tail of a safe name. */
export const nameSuffix = (platform: Platform, id: string): string =>
  createHash('sha256').update(`${platform}/${id}`, 'utf8').digest('hex').slice(0, 8);
