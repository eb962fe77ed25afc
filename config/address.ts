import { z } from 'zod';
import { key } from './leaf.ts';

/** Keys whose text is an address of some kind. */

const webAddress = z
  .string()
  .trim()
  .superRefine((text, context) => {
    const reason = fault(text);
    if (reason !== undefined) context.addIssue({ code: 'custom', message: reason });
  })
  .transform((text) => text.replace(/\/+$/, ''));

function fault(text: string): string | undefined {
  if (text === '') return 'is empty';
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined || !/^https?:\/\//i.test(text) || url.hostname === '') return 'is not an http or https URL';
  if (url.username !== '' || url.password !== '') return 'holds a user or password; the token has a key of its own';
  if (url.search !== '' || url.hash !== '') return 'holds a query or fragment';
  return undefined;
}

const webExpects = 'http://host:port or https://host:port, a path may follow';

/** An http or https URL without trailing slash. */
export const url = (standard: string, about: string) =>
  key(webAddress.default(standard), about, { expects: webExpects, filled: true });
export const optionalUrl = (about: string) => key(webAddress.optional(), about, { expects: webExpects });

/** `proxy:3128` without a scheme is common and means http. Credentials may stand in it, so it is never shown. */
export const proxy = (about: string) =>
  key(z.string().refine(isProxy, 'is not the URL of a proxy').optional(), about, {
    expects: 'http://host:port or http://user:password@host:port',
    secret: true,
  });

function isProxy(text: string): boolean {
  const full = text.trim().includes('://') ? text.trim() : `http://${text.trim()}`;
  if (!URL.canParse(full)) return false;
  const { protocol, hostname, username, password } = new URL(full);
  try {
    decodeURIComponent(username + password);
  } catch {
    return false;
  }
  return (protocol === 'http:' || protocol === 'https:') && hostname !== '';
}

/** Address of a Docker engine. */
export const engineAddress = (about: string) =>
  key(z.string().trim().refine(isEngine, 'is no address of a Docker engine').optional(), about, {
    expects: 'unix:///path, tcp://host:port or https://host:port',
  });

function isEngine(text: string): boolean {
  if (/^unix:\/\/\/./.test(text) || text.startsWith('/')) return true;
  const full = text.includes('://') ? text : `tcp://${text}`;
  return /^(tcp|https?):\/\//.test(full) && URL.canParse(full) && new URL(full).hostname !== '';
}

/** What may stand in an HTTP header: printable ASCII without spaces. */
const headerText = z
  .string()
  .regex(/^[\x21-\x7e]+$/, 'is empty or holds a space, a line end or a character outside ASCII');

/** A credential that is sent in a header. */
export const headerSecret = (standard: string, about: string) =>
  key(headerText.default(standard), about, { expects: 'printable ASCII without spaces', secret: true, filled: true });
