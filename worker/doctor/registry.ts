import type { Check } from '../../model/check.ts';
import { advice, bad, good } from './check.ts';

/** What of a platform's configuration concerns its registry. */
export interface RegistryFacts {
  readonly platform: string;
  readonly server: string | undefined;
  readonly username: string | undefined;
  readonly password: string | undefined;
}

/** Whether the registry settings belong together; nothing is asked of the registry itself. */
export function registryCheck({ platform, server, username, password }: RegistryFacts): Check {
  const name = `${platform} registry`;
  const key = `${platform}.daemon.registry`;
  if (server === undefined) {
    if (username === undefined && password === undefined)
      return good(name, 'none configured; images come from where they say');
    return bad(name, 'credentials without a server', `set ${key}.server, or remove username and password`);
  }
  if (/:\/\/|\s/.test(server))
    return bad(
      name,
      `"${server.replace(/\/\/[^@/]*@/, '//')}" is no registry`,
      `set ${key}.server to host, host:port or host/path, without https://`,
    );
  if ((username === undefined) !== (password === undefined))
    return bad(
      name,
      `${server}, with ${username === undefined ? 'a password but no user' : 'a user but no password'}`,
      `set both ${key}.username and ${key}.password, or none`,
    );
  if (username === undefined) return good(name, `${server}, without credentials`);
  if (username.trim() !== username || password?.trim() !== password)
    return advice(
      name,
      `${server}, user ${username}`,
      'user or password begins or ends with a blank; a file read with its line end looks like that',
    );
  return good(name, `${server}, user ${username}`);
}
