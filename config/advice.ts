import type { Platform } from '../model/connector.ts';
import { defaultManagerId } from './manager.ts';
import { at, hasValue, type Table } from './node.ts';
import type { Config } from './schema.ts';
import { allKeys } from './sources.ts';

type Variables = Readonly<Record<string, string | undefined>>;

/**
 * What a person should know at the start though nothing is wrong: risky settings, settings that XTM Composer ignored
 * and that take effect now, and variables that look like settings and never were.
 */
export function advice(
  config: Config,
  table: Table,
  env: Variables,
  platforms: readonly Platform[],
): readonly string[] {
  return [...risks(config), ...nowEffective(config, table, platforms), ...neverExisting(env)];
}

function* risks({ manager, temporal }: Config): Generator<string> {
  if (manager.id === defaultManagerId)
    yield "manager.id is the shipped default: set an id of your own (a UUID), or two installations take each other's connectors for their own";
  if (manager.debug.show_env_vars && manager.debug.show_sensitive_env_vars)
    yield 'SECRETS ARE LOGGED: manager.debug.show_sensitive_env_vars prints tokens and passwords of connectors in clear; switch it off when done';
  if (temporal.payload_encryption_key === undefined && temporal.payload_encryption_key_filepath === undefined)
    yield 'Temporal stores workflow data in clear (names, ids, images and hashes; no secrets): temporal.payload_encryption_key is not set';
}

function* nowEffective(config: Config, table: Table, platforms: readonly Platform[]): Generator<string> {
  const before = 'XTM Composer ignored it';
  const set = (path: string): boolean => hasValue(at(table, path));
  if (platforms.includes('openaev'))
    for (const path of ['openaev.daemon.docker', 'openaev.daemon.registry'])
      if (own(table, path)) yield `${path} takes effect now; ${before} and used opencti.daemon for both platforms`;
  const { console: out, directory } = config.manager.logger;
  if (out !== directory)
    yield `manager.logger: logs go to ${out ? 'stdout' : 'files'} only; XTM Composer had the meaning of console and directory swapped`;
  for (const platform of platforms) {
    const section = config[platform];
    for (const name of ['no_proxy', 'https_proxy_ca'])
      if (section.with_proxy && set(`${platform}.${name}`))
        yield `${platform}.${name} takes effect now for Cadenza's own requests too; XTM Composer used it for connectors only`;
    const host = at(table, `${platform}.daemon.docker.host`);
    if (host?.kind === 'scalar' && host.origin === 'environment DOCKER_HOST')
      yield `DOCKER_HOST takes effect now for ${platform}: its engine is ${host.text.replace(/\/\/[^\s]*@/, '//')}; ${before}`;
    const { selector, portainer } = section.daemon;
    if (selector === 'portainer' && !portainer.unsecured_certificate && portainer.ca === undefined)
      yield `${platform}.daemon.portainer: the certificate of Portainer is checked now; if it is self-signed set ca or unsecured_certificate`;
  }
}

/** Set for this section itself, not taken over from the other platform. */
function own(table: Table, path: string): boolean {
  const node = at(table, path);
  return (
    hasValue(node) &&
    node?.kind === 'table' &&
    ![...node.entries.values()].some((n) => n.origin.startsWith('opencti.daemon.'))
  );
}

/** Documented for XTM Composer, or easily written, and read by neither. */
function* neverExisting(env: Variables): Generator<string> {
  const single = new Map(
    allKeys.filter((key) => !key.path.startsWith('temporal.')).map((key) => [key.env.replaceAll('__', '_'), key.env]),
  );
  for (const name of Object.keys(env).toSorted()) {
    if (env[name] === undefined || env[name] === '') continue;
    if (single.has(name)) yield `${name} is no setting and has no effect; the name is ${single.get(name)}`;
    else if (/^(OPENCTI|OPENAEV)__DAEMON__WITH_PROXY$/.test(name))
      yield `${name} is no setting and has no effect; the name is ${name.replace('__DAEMON', '')}`;
    else if (name.startsWith('REGISTRY__'))
      yield `${name} is no setting and has no effect; registries belong to a platform: OPENCTI__DAEMON__${name}`;
    else if (name === 'HTTPS_PROXY_CA' || name === 'HTTPS_PROXY_REJECT_UNAUTHORIZED')
      yield `${name} is no setting and has no effect; it belongs to a platform: OPENCTI__${name}`;
  }
}
