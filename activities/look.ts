import type { Platform } from '../model/connector.ts';
import { Problem } from '../model/errors.ts';
import type { Observation, Seen } from '../model/observation.ts';
import type { Site } from './deps.ts';

/** One look at everything that may concern a connector: the newest record at hand, and what the runtime has. */
export async function look(site: Site, id: string, now: () => number, signal: AbortSignal): Promise<Observation> {
  const desired = site.records.desired(id);
  const problem = site.records.skipped().find((s) => s.id === id)?.reason;
  return {
    desired: desired ?? 'unknown',
    seen: await see(site, id, now, signal),
    ...(desired === undefined && problem !== undefined ? { problem } : {}),
    policy: site.policy,
    place: { runtime: site.runtime.kind, queue: site.runtimeQueue },
  };
}

async function see(site: Site, id: string, now: () => number, signal: AbortSignal): Promise<Seen> {
  const desired = site.records.desired(id);
  // The name that would be used comes first: a runtime need not look at the second while the first is free.
  const { legacy, safe, legacyUsable } = desired?.names ?? { legacy: '', safe: '', legacyUsable: true };
  const names = desired === undefined ? [] : legacyUsable ? [legacy, safe] : [safe, legacy];
  try {
    const query = { connectorId: id, variableId: desired?.variableId ?? id, names };
    const objects = await site.runtime.find(query, signal);
    const lost = objects.find((o) => o.unknown !== undefined);
    if (lost?.unknown !== undefined) return { kind: 'unknown', message: `"${lost.name}": ${lost.unknown}` };
    return { kind: 'seen', objects, contactSince: site.contact.since(now()) };
  } catch (error) {
    if (signal.aborted) throw error;
    if (!(error instanceof Problem)) throw error;
    site.contact.down();
    return { kind: 'unknown', message: error.message };
  }
}

/** The site of a platform this worker serves. */
export function siteOf(sites: ReadonlyMap<Platform, Site>, platform: Platform): Site {
  const site = sites.get(platform);
  if (site === undefined)
    throw new Problem(
      'retryable',
      'PlatformUnavailable',
      `this worker is not configured for ${platform}; enable its section or stop its workflows`,
    );
  return site;
}
