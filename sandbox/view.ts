/** One connector as the sandbox's own page and tests see it: what is wanted, and everything the manager reported. */
import { peekHash } from './listing.ts';
import { currentHealth, uptime } from './reports.ts';
import type { Connector, HealthReport, World } from './world.ts';

export interface ConnectorView {
  readonly platform: 'opencti' | 'openaev';
  readonly id: string;
  readonly name: string;
  readonly title: string;
  readonly slug: string | null;
  readonly type: string;
  readonly image: string;
  /** null until the connector is listed: only then is its token issued, which is part of the hash. */
  readonly hash: string | null;
  readonly requested: string;
  readonly current: 'started' | 'stopped' | null;
  /** Secrets are shown without a value. */
  readonly configuration: readonly { readonly key: string; readonly value: string; readonly secret: boolean }[];
  readonly createdAt: string;
  /** Every status call since the connector was added, the latest last; at most 50 are shown. */
  readonly statusCount: number;
  readonly statuses: readonly { readonly at: string; readonly status: string; readonly previous: string | null }[];
  readonly logs: readonly string[];
  readonly logsAt: string | null;
  /** The last report, also when it has expired. */
  readonly health: HealthReport | null;
  readonly healthExpired: boolean;
  /** Seconds. */
  readonly uptime: number | null;
  readonly restarts: number | null;
}

export function viewConnector(world: World, connector: Connector): ConnectorView {
  const { id, name, title, slug, type, image, requested, current, createdAt } = connector;
  const statuses = world.statusCalls.filter((call) => call.id === id);
  const health = world.health.get(id) ?? null;
  const logs = world.logs.get(id);
  return {
    platform: 'opencti',
    id,
    name,
    title,
    slug: slug ?? null,
    type,
    image,
    hash: peekHash(world, connector) ?? null,
    requested,
    current,
    configuration: connector.configuration.map(({ key, value, encrypted }) => ({
      key,
      value: encrypted ? '' : value,
      secret: encrypted,
    })),
    createdAt,
    statusCount: statuses.length,
    statuses: statuses.slice(-50).map(({ at, status, previous }) => ({ at, status, previous })),
    logs: logs?.lines ?? [],
    logsAt: logs?.at ?? null,
    health,
    healthExpired: health !== null && currentHealth(world, id) === null,
    uptime: uptime(world, id),
    restarts: health?.restart_count ?? null,
  };
}
