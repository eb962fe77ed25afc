import type { KeyObject } from 'node:crypto';
import type { Platform } from '../model/connector.ts';
import { permanent, type Problem } from '../model/errors.ts';
import type { HttpOptions } from './http.ts';

/** Calls that not every version of a platform has. */
export type OptionalCall = 'logs' | 'health';

/** What a client of either platform needs to be told. */
export interface ClientOptions extends HttpOptions {
  /** Base URL, a path in it included; the client appends the path of the API. */
  readonly url: string;
  readonly token: string;
  readonly manager: { readonly id: string; readonly name: string };
  /** The manager's key; only its public half is used. */
  readonly key: KeyObject;
  /** Milliseconds for the listing, which newer servers of OpenCTI hold back for up to 90 s after an upgrade. */
  readonly listingTimeoutMs: number;
  /** Called once when a call turns out to be missing on this version of the platform. */
  readonly onFeatureMissing?: ((operation: OptionalCall, problem: Problem) => void) | undefined;
  /** Epoch ms; the machine's clock unless a test has another. */
  readonly now?: (() => number) | undefined;
}

/** The address of the API: `path` after the configured URL, whose trailing slashes do not count. Throws `InvalidConfiguration`. */
export function endpoint(text: string, section: Platform, path: string): URL {
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

/** The header that shows the token. Throws `InvalidConfiguration` for what no header can hold. */
export function bearer(token: string, section: Platform): { readonly authorization: string } {
  if (!/^[\x21-\x7e]+$/.test(token))
    throw permanent(
      'InvalidConfiguration',
      `${section}.token is empty or holds characters that no token has, such as a space or line end`,
    );
  return { authorization: `Bearer ${token}` };
}
