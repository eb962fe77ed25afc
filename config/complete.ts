import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { Platform } from '../model/connector.ts';
import { at, hasValue, put, scalar, withOrigin, type Table } from './node.ts';
import { rawOf } from './raw.ts';
import { allKeys } from './sources.ts';

type Variables = Readonly<Record<string, string | undefined>>;

export interface Completed {
  readonly table: Table;
  readonly warnings: readonly string[];
}

/** Fills in what other parts of the configuration, and variables of other programs, say where a key is not set. */
export function complete(table: Table, env: Variables): Completed {
  const inherited = inherit(table);
  return { ...inherited, table: temporalVariables(dockerVariables(inherited.table, env), env) };
}

/**
 * XTM Composer reads registry and docker from `opencti.daemon` for both platforms, so an installation that comes from
 * there may have them only once.
 */
function inherit(table: Table): Completed {
  if (early(table, 'openaev.enable') !== true || early(table, 'openaev.daemon.inherit') !== true)
    return { table, warnings: [] };
  const warnings: string[] = [];
  let result = table;
  for (const section of ['registry', 'docker']) {
    const from = at(table, `opencti.daemon.${section}`);
    const path = `openaev.daemon.${section}`;
    if (from === undefined || !hasValue(from) || hasValue(at(table, path))) continue;
    // Kubernetes has no use for it, and Portainer takes the container options of this section too.
    if (section === 'docker' && early(table, 'openaev.daemon.selector') === 'kubernetes') continue;
    result = put(
      result,
      path.split('.'),
      withOrigin(from, (origin) => `opencti.daemon.${section} (${origin})`),
    );
    warnings.push(
      `${path} is not set: opencti.daemon.${section} is used for it, as XTM Composer does. Set the section, or openaev.daemon.inherit: false`,
    );
  }
  return { table: result, warnings };
}

/** The value of a key before the rest is read; an invalid one counts as not set and is reported later. */
function early(table: Table, path: string): unknown {
  const key = allKeys.find((k) => k.path === path)!;
  const node = at(table, path);
  const raw = node === undefined ? undefined : rawOf(node, key.info);
  const parsed = key.schema.safeParse(raw !== undefined && 'raw' in raw ? raw.raw : undefined);
  return parsed.success ? parsed.data : key.schema.safeParse(undefined).data;
}

const given = (env: Variables, name: string): string | undefined => (env[name]?.trim() ? env[name] : undefined);

/** As the Docker command line, for platforms that use an engine and do not name one. */
function dockerVariables(table: Table, env: Variables): Table {
  const host = given(env, 'DOCKER_HOST');
  if (host === undefined) return table;
  let result = table;
  for (const platform of ['opencti', 'openaev'] satisfies Platform[]) {
    const path = `${platform}.daemon.docker`;
    if (!['docker', 'swarm'].includes(String(early(table, `${platform}.daemon.selector`)))) continue;
    if (hasValue(at(table, `${path}.host`))) continue;
    result = put(result, `${path}.host`.split('.'), scalar(host, 'environment DOCKER_HOST'));
    const folder = given(env, 'DOCKER_CERT_PATH');
    if (folder === undefined || given(env, 'DOCKER_TLS_VERIFY') === undefined || hasValue(at(table, `${path}.tls`)))
      continue;
    for (const name of ['ca', 'cert', 'key']) {
      const file = join(folder, `${name}.pem`);
      if (existsSync(file))
        result = put(result, `${path}.tls.${name}`.split('.'), scalar(file, 'environment DOCKER_CERT_PATH'));
    }
  }
  return result;
}

/** Temporal's own variables, which its command line and SDKs read too. */
function temporalVariables(table: Table, env: Variables): Table {
  let result = table;
  for (const name of ['address', 'namespace', 'api_key']) {
    const variable = `TEMPORAL_${name.toUpperCase()}`;
    const text = given(env, variable);
    if (text === undefined || hasValue(at(table, `temporal.${name}`))) continue;
    result = put(result, ['temporal', name], scalar(text, `environment ${variable}`));
  }
  return result;
}
