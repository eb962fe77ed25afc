import type { ConnectorView } from '../view.ts';
import { now, type World } from '../world.ts';
import { nameOf } from './instances.ts';
import { hashOf } from './listing.ts';
import type { Instance } from './state.ts';

/** One instance as the sandbox's own page and tests see it. */
export function viewInstance(world: World, instance: Instance): ConnectorView {
  const { id, title, slug, type, image, requested, current, createdAt } = instance;
  const statuses = world.statusCalls.filter((call) => call.id === id);
  const health = world.openaev.health.get(id);
  const logs = world.openaev.logs.get(id);
  const startedAt = health?.started_at ?? null;
  const seconds = startedAt === null ? -1 : Math.floor((now(world) - Date.parse(startedAt)) / 1000);
  return {
    platform: 'openaev',
    id,
    name: nameOf(world, instance),
    title,
    slug: slug ?? null,
    type,
    image,
    hash: hashOf(world, instance),
    requested,
    current,
    configuration: instance.configuration.map(({ key, value, encrypted }) => ({
      key,
      value: encrypted || key === 'OPENAEV_TOKEN' ? '' : value,
      secret: encrypted || key === 'OPENAEV_TOKEN',
    })),
    createdAt,
    statusCount: statuses.length,
    statuses: statuses.slice(-50).map(({ at, status, previous }) => ({ at, status, previous })),
    // An element may hold many lines.
    logs: (logs?.elements ?? []).flatMap((element) => element.split('\n')),
    logsAt: logs?.at ?? null,
    health: health === undefined || startedAt === null ? null : { ...health, started_at: startedAt },
    healthExpired: false,
    uptime: seconds >= 0 ? seconds : null,
    restarts: health?.restart_count ?? null,
  };
}
