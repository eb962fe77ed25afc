import type { KeyObject } from 'node:crypto';
import { permanent, type Problem } from '../model/errors.ts';
import type { HttpOptions } from './http.ts';

/** Calls that not every version of a platform has. */
export type OptionalCall = 'logs' | 'health';

/** What a client of either platform needs to be told. */
export interface ClientOptions extends HttpOptions {
  /** Base URL, a path in it included; the API's own path is appended. */
  readonly url: string;
  readonly token: string;
  readonly manager: { readonly id: string; readonly name: string };
  /** The manager's key; only its public half is used. */
  readonly key: KeyObject;
  /** Milliseconds for the listing, which newer OpenCTI servers hold back for up to 90 s after an upgrade. */
  readonly listingTimeoutMs: number;
  /** Called once when a call turns out to be missing on this version of the platform. */
  readonly onFeatureMissing?: ((operation: OptionalCall, problem: Problem) => void) | undefined;
}

/** The platform's URL with the path of its API. Throws `InvalidConfiguration`. */
export function endpoint(text: string, section: string, path: string): URL {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined || !['http:', 'https:'].includes(url.protocol))
    throw permanent('InvalidConfiguration', `${section}.url is not a URL; expected http://host:port or https://host`);
  if (url.username !== '' || url.password !== '')
    throw permanent(
      'InvalidConfiguration',
      `${section}.url must not hold a user or password; the token goes into ${section}.token`,
    );
  return new URL(`${url.pathname.replace(/\/+$/, '')}${path}`, url.origin);
}

/** Throws `InvalidConfiguration` for a token that cannot stand in a header. */
export function headerSafe(token: string, section: string): string {
  if (!/^[\x21-\x7e]+$/.test(token))
    throw permanent(
      'InvalidConfiguration',
      `${section}.token is empty or holds characters that no token has, such as a space or line end`,
    );
  return token;
}
