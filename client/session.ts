import type { Platform } from '../model/connector.ts';
import { type Failure, refused, unreachable } from './failure.ts';
import type { Fleet } from './fleet.ts';
import { homeOf, instanceIn } from './home.ts';
import type { Common, Session } from './io.ts';
import { misnamed, resolve } from './resolve.ts';
import { configuredConverter, configuredTarget } from './configured.ts';
import { connect, temporalTarget } from './temporal.ts';
import type { ConnectorSummary } from '../model/summary.ts';

/** Runs `work` with a connection to the instance that the options and the environment lead to. */
export async function withFleet<T>(session: Session, options: Common, work: (fleet: Fleet) => Promise<T>): Promise<T> {
  const home = homeOf(session, options);
  const instance = instanceIn(home);
  const target = temporalTarget(session.env, instance) ?? (await configuredTarget(session));
  if (target === undefined)
    throw unreachable(
      `no running instance in ${home}: run "npm start" there, or set TEMPORAL_ADDRESS to the Temporal server of one`,
    );
  const link = await connect(target, instance, await configuredConverter(session));
  try {
    const { fleet } = await import('./fleet.ts');
    return await work(fleet(link));
  } finally {
    await link.close();
  }
}

/** The connector that a person named, or a failure that lists what would have been understood. */
export async function named(fleet: Fleet, wanted: string, platform?: string): Promise<ConnectorSummary> {
  const all = await fleet.connectors(platform === undefined ? {} : { platform });
  const found = resolve(all, wanted);
  if (found.kind === 'found') return found.connector;
  throw misnamed(wanted, found, all.length);
}

/** Says why a platform that a person asked for is not there. */
export const noPlatform = (wanted: Platform | undefined, running: readonly Platform[]): Failure =>
  wanted !== undefined && running.length > 0
    ? refused(
        'UnknownPlatform',
        `${wanted} is not managed here, only ${running.join(', ')}; enable it in the worker's configuration`,
      )
    : unreachable(
        'no platform is managed yet: no worker has attached to this Temporal server; start it with "npm start" or "npm run worker"',
      );
