import { readFileSync } from 'node:fs';
import { loadClientConnectConfig } from '@temporalio/envconfig';
import type { ConnectionOptions } from '@temporalio/client';
import type { Config } from '../config/schema.ts';

export interface TemporalAddress {
  readonly address: string;
  readonly namespace: string;
  readonly options: Pick<ConnectionOptions, 'address' | 'tls' | 'apiKey' | 'metadata'>;
}

const pem = (value: string | undefined): Buffer | undefined =>
  value === undefined ? undefined : value.includes('-----BEGIN') ? Buffer.from(value) : readFileSync(value);

/**
 * Where the server is: variables named after this configuration's keys first, then Temporal's own environment and
 * profile, then the configuration's files.
 */
export function temporalAddress(config: Config['temporal'], env: NodeJS.ProcessEnv): TemporalAddress {
  const given = Object.entries(env).filter((e): e is [string, string] => e[1] !== undefined);
  const own = loadClientConnectConfig({ overrideEnvVars: Object.fromEntries(given) });
  const named = (key: string): boolean => (env[`TEMPORAL__${key}`] ?? '').trim() !== '';
  const address = named('ADDRESS') ? config.address : (own.connectionOptions.address ?? config.address);
  const namespace = named('NAMESPACE') ? config.namespace : (own.namespace ?? config.namespace);
  const [ca, crt, key] = [pem(config.tls.ca), pem(config.tls.cert), pem(config.tls.key)];
  const apiKey = named('API_KEY') ? config.api_key : (own.connectionOptions.apiKey ?? config.api_key);
  const tls =
    own.connectionOptions.tls ??
    (config.tls.enable || apiKey !== undefined
      ? {
          ...(ca === undefined ? {} : { serverRootCACertificate: ca }),
          ...(crt === undefined || key === undefined ? {} : { clientCertPair: { crt, key } }),
          ...(config.tls.server_name === undefined ? {} : { serverNameOverride: config.tls.server_name }),
        }
      : undefined);
  return {
    address,
    namespace,
    options: {
      address,
      ...(tls === undefined || tls === null ? {} : { tls }),
      ...(apiKey === undefined ? {} : { apiKey }),
    },
  };
}
