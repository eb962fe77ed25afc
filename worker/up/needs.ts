import { loadClientConnectConfig } from '@temporalio/envconfig';
import { encryptionKeys } from '../../config/encryption.ts';
import { at, hasValue } from '../../config/node.ts';
import { readConfig } from '../../config/read.ts';
import { platformsConfigured } from '../../config/sources.ts';
import { existingEngine } from '../../tools/engine.ts';
import type { UpArgs } from './args.ts';

/** What this start has to bring along, and what is there already. */
export interface Needs {
  readonly sandbox: boolean;
  /** Address of a Temporal server that somebody else runs. */
  readonly temporal: string | undefined;
  readonly namespace: string;
  /** An engine to start, one that is there, or none because no platform uses one. */
  readonly engine:
    { readonly kind: 'own' } | { readonly kind: 'there'; readonly host: string } | { readonly kind: 'none' };
  /** Port of the worker's HTTP routes if it is free. */
  readonly httpPort: number;
  /** What Temporal stores is encrypted: its UI has to ask the worker. */
  readonly encrypted: boolean;
}

export async function needs(args: UpArgs, env: NodeJS.ProcessEnv, cwd: string): Promise<Needs> {
  const source = { env, cwd, ...(args.config === undefined ? {} : { file: args.config }) };
  const { config, table } = readConfig(source);
  const sandbox = args.sandbox && !platformsConfigured(source);
  const profile = env['TEMPORAL_PROFILE'] || env['TEMPORAL_CONFIG_FILE'] ? loadClientConnectConfig() : undefined;
  const named = hasValue(at(table, 'temporal.address')) ? config.temporal.address : undefined;
  return {
    sandbox,
    temporal: profile?.connectionOptions.address ?? named,
    namespace: profile?.namespace ?? config.temporal.namespace,
    engine: await engine(sandbox, config, env),
    httpPort: config.manager.http.port,
    encrypted: encryptionKeys(config.temporal, cwd).keys.current !== undefined,
  };
}

async function engine(
  sandbox: boolean,
  config: ReturnType<typeof readConfig>['config'],
  env: NodeJS.ProcessEnv,
): Promise<Needs['engine']> {
  if (!sandbox) {
    const daemons = [config.opencti, config.openaev].filter((p) => p.enable).map((p) => p.daemon);
    const users = daemons.filter((d) => d.selector === 'docker' || d.selector === 'swarm');
    const named = users.map((d) => d.docker.host).find((host) => host !== undefined);
    if (named !== undefined) return { kind: 'there', host: named };
    if (users.length === 0) return { kind: 'none' };
  }
  const there = await existingEngine(env);
  if (there !== undefined) return { kind: 'there', host: there };
  if (env['DOCKER_HOST'])
    throw new Error(`no Docker engine answers at DOCKER_HOST (${env['DOCKER_HOST']}); start it, or unset the variable`);
  return { kind: 'own' };
}
