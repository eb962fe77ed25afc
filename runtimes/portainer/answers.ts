import type { IncomingMessage } from 'node:http';
import { PassThrough } from 'node:stream';
import { translated } from './errors.ts';

/**
 * Log-in pages and reverse proxies answer 200 too. Taken for the engine's answer they would read as "there is no
 * container", so what does not look like one is an error. `data` is what docker-modem makes of a body: the JSON in it,
 * or a buffer where there is none.
 */
export function strange(method: string, path: string, data: unknown): boolean {
  // Text by nature.
  if (/^\/(containers\/[^/]+\/logs|_ping)/.test(path)) return false;
  const [list, one] = [path.startsWith('/containers/json'), /^\/containers\/(create|[^/]+\/json)/.test(path)];
  if (Buffer.isBuffer(data)) return data.length > 0 || method === 'GET' || one;
  if (list) return !Array.isArray(data) || !data.every(hasId);
  if (path.startsWith('/info')) return typeof (data as { ID?: unknown } | null)?.ID !== 'string';
  return one ? !hasId(data) : typeof data !== 'object' || Array.isArray(data);
}

const hasId = (value: unknown): boolean => typeof (value as { Id?: unknown } | null)?.Id === 'string';

export const isStream = (data: unknown): data is IncomingMessage =>
  typeof (data as { pipe?: unknown } | null)?.pipe === 'function';

/** No stream of the engine is a page. */
export const isPage = ({ headers }: IncomingMessage): boolean =>
  headers['content-type']?.startsWith('text/html') === true;

/** A stream whose end before its time is told as what it is. */
export function relayed(source: IncomingMessage): PassThrough {
  const relay = new PassThrough();
  // Whoever reads it gets the error; until somebody does it must not be one that nobody caught.
  relay.on('error', () => undefined);
  source.on('error', (error) => relay.destroy(translated(error) as Error));
  relay.on('close', () => source.destroy());
  return source.pipe(relay);
}
