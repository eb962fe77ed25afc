import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { type Instance, nonEmpty } from './home.ts';
import type { Io } from './io.ts';

/**
 * The environment in which the processes of an instance run, as far as it can be known from outside: what is set wins,
 * the rest is what the instance made for itself. Its sandbox has a configuration of its own, which counts as long as
 * nobody has configured a platform.
 */
export async function instanceEnv(
  io: Pick<Io, 'env' | 'cwd'>,
  home: string,
  instance: Instance | undefined,
): Promise<Record<string, string>> {
  const env: Record<string, string> = {};
  for (const [key, value] of Object.entries(io.env)) if (value !== undefined) env[key] = value;
  env['CADENZA_HOME'] = home;
  if (instance === undefined) return env;
  const fill = (key: string, value: string | undefined): void => {
    if (nonEmpty(env[key]) === undefined && value !== undefined) env[key] = value;
  };
  if (nonEmpty(env['TEMPORAL_ADDRESS']) === undefined && nonEmpty(env['TEMPORAL_PROFILE']) === undefined) {
    fill('TEMPORAL_ADDRESS', instance.temporal.address);
    fill('TEMPORAL_NAMESPACE', instance.temporal.namespace);
  }
  fill('DOCKER_HOST', instance.docker?.host);
  const sandbox = join(home, 'sandbox', 'config.yaml');
  if (instance.sandbox === null || nonEmpty(env['CADENZA_CONFIG']) !== undefined || !existsSync(sandbox)) return env;
  const { platformsConfigured } = await import('../config/sources.ts');
  if (!platformsConfigured({ env, cwd: io.cwd })) fill('CADENZA_CONFIG', sandbox);
  return env;
}
