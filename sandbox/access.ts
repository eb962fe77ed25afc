/** Who may use the control API: the administrator's token, or a browser on this machine that opened the page. */
import { randomBytes, timingSafeEqual } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { isLoopback } from './loopback.ts';
import { administratorId, sha256, type World } from './world.ts';

export interface Access {
  /** The page is handed out to this machine only, and not to another site's script that was pointed here by name. */
  maySeePage(request: IncomingMessage): boolean;
  /** Value of `Set-Cookie` that goes with the page. */
  cookie(): string;
  mayControl(request: IncomingMessage): boolean;
  /** Plaintexts are for tests, never for a browser. */
  hasToken(request: IncomingMessage): boolean;
}

const same = (a: string, b: string): boolean => timingSafeEqual(Buffer.from(sha256(a)), Buffer.from(sha256(b)));

const hostOf = (header: string | undefined): string => (header ?? '').replace(/:\d+$/, '').replace(/^\[|\]$/g, '');

const maySeePage = (request: IncomingMessage): boolean =>
  isLoopback(request.socket.remoteAddress ?? '') && isLoopback(hostOf(request.headers.host));

export function createAccess(world: World, port: () => number): Access {
  const session = randomBytes(32).toString('hex');
  // Cookies do not know ports: two sandboxes on one machine need two names.
  const name = (): string => `cadenza_sandbox_${port()}`;
  const hasToken = (request: IncomingMessage): boolean => {
    const token = /^Bearer (.+)$/.exec(request.headers.authorization ?? '')?.[1];
    return token !== undefined && world.tokens.get(sha256(token)) === administratorId;
  };
  const hasSession = (request: IncomingMessage): boolean => {
    const given = (request.headers.cookie ?? '')
      .split(';')
      .map((pair) => pair.trim().split('='))
      .find(([key]) => key === name())?.[1];
    // The header cannot be sent by another site without asking first, and nobody answers that question.
    return maySeePage(request) && request.headers['x-requested-with'] === 'sandbox' && same(given ?? '', session);
  };
  return {
    maySeePage,
    hasToken,
    cookie: () => `${name()}=${session}; Path=/control; HttpOnly; SameSite=Strict`,
    mayControl: (request) => hasToken(request) || hasSession(request),
  };
}
