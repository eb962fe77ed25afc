import type { EngineInfo } from '../runtime.ts';
import type { Api } from './api.ts';
import { locked, notInitialised, notManager } from './errors.ts';

/** The Swarm, not the node: any of its managers answers for all. Throws `RuntimeUnavailable` where no manager answers. */
export async function engine(api: Api, signal: AbortSignal): Promise<EngineInfo> {
  const { Swarm: swarm, ServerVersion: version = '' } = await api.info(signal);
  if (swarm?.LocalNodeState === 'locked') throw locked();
  if (swarm?.LocalNodeState !== 'active') throw notInitialised();
  if (swarm.ControlAvailable !== true) throw notManager();
  const id = swarm.Cluster?.ID;
  // A manager without contact to the others knows no cluster; the list says why.
  if (id === undefined || id === '') {
    await api.nodes(signal);
    throw notInitialised();
  }
  return { id, version };
}
