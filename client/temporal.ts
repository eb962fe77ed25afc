import type { Client as TemporalClient, Connection as TemporalConnection, ConnectionOptions } from '@temporalio/client';
import type { DataConverter } from '@temporalio/common';
import { loadClientConnectConfig } from '@temporalio/envconfig';
import { type Failure, refused, unreachable } from './failure.ts';
import { type Instance, alive, nonEmpty } from './home.ts';
import { nobodyListens } from './probe.ts';

/** Where the Temporal server is, and who says so. */
export interface Target {
  readonly address: string;
  readonly namespace: string;
  /** Base URL of the Temporal UI; `null`: not known. */
  readonly ui: string | null;
  readonly from: 'environment' | 'run.json' | 'profile' | 'configuration';
  readonly options: Pick<ConnectionOptions, 'address' | 'tls' | 'apiKey' | 'metadata'>;
}

/** How long to wait for the server (ms). */
const connectTimeout = 5_000;

/**
 * Temporal's own variables and a profile named by them come first, then the running instance, then the default profile;
 * `undefined` when there is none of them.
 */
export function temporalTarget(
  env: Readonly<Record<string, string | undefined>>,
  instance: Instance | undefined,
): Target | undefined {
  const profile = ownSettings(env);
  const { address, tls, apiKey, metadata } = profile.connectionOptions;
  const named = ['TEMPORAL_ADDRESS', 'TEMPORAL_PROFILE', 'TEMPORAL_CONFIG_FILE'].some(
    (key) => nonEmpty(env[key]) !== undefined,
  );
  const credentials = {
    ...(tls === undefined || tls === null ? {} : { tls }),
    ...(typeof apiKey === 'string' ? { apiKey } : {}),
    ...(metadata === undefined || metadata === null ? {} : { metadata: metadata as Record<string, string> }),
  };
  const here = instance?.temporal;
  // Credentials of a profile are for the server it names, not for another one.
  const same = address === undefined || address === here?.address;
  if (here !== undefined && (!named || same)) {
    const namespace = nonEmpty(env['TEMPORAL_NAMESPACE']) ?? here.namespace;
    const options = { address: here.address, ...(same ? credentials : {}) };
    return { address: here.address, namespace, ui: here.ui, from: 'run.json', options };
  }
  if (address === undefined) return undefined;
  return {
    address,
    namespace: profile.namespace ?? 'default',
    ui: nonEmpty(env['CADENZA_TEMPORAL_UI']) ?? null,
    from: named ? 'environment' : 'profile',
    options: { address, ...credentials },
  };
}

function ownSettings(env: Readonly<Record<string, string | undefined>>): ReturnType<typeof loadClientConnectConfig> {
  const set = Object.entries(env).filter((entry): entry is [string, string] => entry[1] !== undefined);
  try {
    return loadClientConnectConfig({ overrideEnvVars: Object.fromEntries(set) });
  } catch (error) {
    throw refused(
      'InvalidConfiguration',
      `the Temporal profile cannot be used: ${error instanceof Error ? error.message : 'unreadable'}`,
    );
  }
}

export interface Link {
  readonly client: TemporalClient;
  readonly connection: TemporalConnection;
  readonly target: Target;
  close(): Promise<void>;
}

/** Connects within 5 seconds or says what to do. The client library is loaded only here: `--help` needs none of it. */
export async function connect(
  target: Target,
  instance: Instance | undefined,
  dataConverter?: DataConverter,
): Promise<Link> {
  const { Client, Connection } = await import('@temporalio/client');
  if (await nobodyListens(target.address)) throw noAnswer(target, instance, undefined);
  let connection: TemporalConnection;
  try {
    connection = await Connection.connect({ ...target.options, connectTimeout });
  } catch (error) {
    throw noAnswer(target, instance, error);
  }
  const client = new Client({
    connection,
    namespace: target.namespace,
    identity: `cadenza-cli@${process.pid}`,
    ...(dataConverter === undefined ? {} : { dataConverter }),
  });
  return { client, connection, target, close: () => connection.close() };
}

const unauthenticated = 16;
const permissionDenied = 7;

function noAnswer(target: Target, instance: Instance | undefined, error: unknown): Failure {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  if (code === unauthenticated || code === permissionDenied)
    return refused(
      'NotPermitted',
      `the Temporal server at ${target.address} refuses the credentials; check TEMPORAL_API_KEY or the profile`,
    );
  const where = `the Temporal server at ${target.address} does not answer`;
  if (target.from === 'configuration')
    return unreachable(`${where}; check that it runs and that temporal.address is right`);
  if (target.from !== 'run.json') return unreachable(`${where}; check that it runs and that TEMPORAL_ADDRESS is right`);
  return unreachable(
    instance !== undefined && !alive(instance)
      ? `${where}: the instance that run.json speaks of has ended; run "npm start"`
      : `${where}; wait until "Cadenza is ready", or run "npm start" again`,
  );
}
