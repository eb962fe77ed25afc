import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { refused } from './failure.ts';
import type { Io } from './io.ts';
import type { DataConverter } from '@temporalio/common';
import type { Target } from './temporal.ts';

/** The Temporal server that the configuration of a worker names, if it names one. */
export async function configuredTarget(io: Pick<Io, 'env' | 'cwd'>): Promise<Target | undefined> {
  const [{ readConfig }, { at, hasValue }] = await Promise.all([
    import('../config/read.ts'),
    import('../config/node.ts'),
  ]);
  const { config, table } = readConfig({ env: io.env, cwd: io.cwd });
  if (!hasValue(at(table, 'temporal.address'))) return undefined;
  const { address, namespace, tls, api_key: apiKey } = config.temporal;
  const pem = (value: string | undefined): Buffer | undefined =>
    value === undefined
      ? undefined
      : value.includes('-----BEGIN')
        ? Buffer.from(value)
        : readFileSync(resolve(io.cwd, value));
  const [ca, crt, key] = [pem(tls.ca), pem(tls.cert), pem(tls.key)];
  const secure = {
    ...(ca === undefined ? {} : { serverRootCACertificate: ca }),
    ...(crt === undefined || key === undefined ? {} : { clientCertPair: { crt, key } }),
    ...(tls.server_name === undefined ? {} : { serverNameOverride: tls.server_name }),
  };
  return {
    address,
    namespace,
    ui: null,
    from: 'configuration',
    options: {
      address,
      ...(tls.enable || apiKey !== undefined ? { tls: secure } : {}),
      ...(apiKey === undefined ? {} : { apiKey }),
    },
  };
}

/**
 * How to read what the worker has Temporal store, if it encrypts: the keys are in the environment or the configuration
 * that the worker has.
 */
export async function configuredConverter(io: Pick<Io, 'env' | 'cwd'>): Promise<DataConverter | undefined> {
  const { readConfig } = await import('../config/read.ts');
  const { temporal } = readConfig({ env: io.env, cwd: io.cwd }).config;
  const set = [temporal.payload_encryption_key, temporal.payload_encryption_key_filepath];
  if (set.every((value) => value === undefined) && temporal.payload_encryption_previous_keys.length === 0)
    return undefined;
  const [{ encryptionKeys }, { dataConverter }] = await Promise.all([
    import('../config/encryption.ts'),
    import('../codec/converter.ts'),
  ]);
  const { keys, problems } = encryptionKeys(temporal, io.cwd);
  const [problem] = problems;
  if (problem !== undefined) throw refused('InvalidConfiguration', `${problem.path} ${problem.reason}: ${problem.fix}`);
  return dataConverter(keys);
}
