import type { Site } from '../activities/deps.ts';
import type { Platform } from '../model/connector.ts';
import { isCandidate } from '../model/observation.ts';
import { permanent } from '../model/errors.ts';

/** The log of one connector straight from its runtime, for `cadenza logs`. */
export async function* connectorLog(
  sites: ReadonlyMap<Platform, Site>,
  platform: string,
  id: string,
  tail: number,
  follow: boolean,
  signal: AbortSignal,
): AsyncIterable<string> {
  const site = sites.get(platform as Platform);
  if (site === undefined)
    throw permanent('InvalidConfiguration', `this worker does not serve a platform "${platform}"`);
  const objects = await site.runtime.find({ connectorId: id, variableId: id, names: [] }, signal);
  const own = objects.filter((o) => isCandidate(o, id, site.platform, site.policy.managerIds));
  const object = own.find((o) => o.state === 'running') ?? own[0];
  if (object === undefined) throw permanent('InvalidContract', 'this connector has no container yet');
  const lines = follow
    ? site.runtime.follow(object.ref, tail, signal)
    : await site.runtime.logs(object.ref, { tail }, signal);
  for await (const line of lines) yield `${line.at} ${line.text}`;
}
