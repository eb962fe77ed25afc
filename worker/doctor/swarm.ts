import type { Check } from '../../model/check.ts';
import { connect } from '../../runtimes/docker/connect.ts';
import { statusOf } from '../../runtimes/docker/errors.ts';
import type { SwarmOptions } from '../../runtimes/swarm.ts';
import { type Api, api as makeApi } from '../../runtimes/swarm/api.ts';
import { engine } from '../../runtimes/swarm/engine.ts';
import { unavailable } from '../../runtimes/swarm/errors.ts';
import { advice, bad, good, skipped, wordsOf } from './check.ts';

/** What of a platform's configuration concerns its Swarm. */
export interface SwarmFacts {
  readonly platform: string;
  readonly options: SwarmOptions;
  /** URL that connectors are given. */
  readonly connectorUrl: string;
}

/** The oldest API that has all that is used. */
const oldestApi = 1.41;
const builtIn = new Set(['bridge', 'host', 'none']);

/** Engine and Swarm, its nodes, and the network of the connectors. The second value is the Swarm's id. */
export async function swarmChecks(
  facts: SwarmFacts,
  signal: AbortSignal,
): Promise<readonly [readonly Check[], string | undefined]> {
  const { platform, options } = facts;
  const [reach, network] = [`${platform} runtime`, `${platform} network`];
  const api = makeApi(connect(options), options.timeoutMs);
  try {
    const { id, version } = await engine(api, signal);
    const { ApiVersion: spoken } = await api.engine.version();
    const detail = `Docker ${version}, API ${spoken}, manager of the Swarm ${id}`;
    const there =
      Number(spoken) < oldestApi
        ? bad(reach, detail, `update the engine: API ${oldestApi} or newer is needed`)
        : good(reach, detail);
    return [[there, await nodesCheck(api, `${platform} nodes`, signal), await networkCheck(api, facts)], id];
  } catch (error) {
    const fix = `run "docker info" there: Swarm must be active and Is Manager true; else docker swarm init, or set ${platform}.daemon.docker.host or DOCKER_HOST to a manager`;
    const words = wordsOf(unavailable(error, signal));
    return [[bad(reach, words, fix), skipped(network, 'no manager answers')], undefined];
  }
}

async function nodesCheck(api: Api, name: string, signal: AbortSignal): Promise<Check> {
  const nodes = await api.nodes(signal);
  const absent = nodes.filter((n) => n.Status?.State !== 'ready');
  if (absent.length === 0) return good(name, `${nodes.length} ready`);
  const names = absent.map((n) => n.Description?.Hostname ?? n.ID).join(', ');
  return advice(name, `${absent.length} of ${nodes.length} not ready: ${names}`, 'look at "docker node ls"');
}

async function networkCheck(api: Api, facts: SwarmFacts): Promise<Check> {
  const { platform, options, connectorUrl } = facts;
  const { network } = options.service;
  const [name, key] = [`${platform} network`, `${platform}.daemon.swarm.network`];
  if (network !== undefined && !builtIn.has(network)) {
    try {
      const { Scope: scope } = await api.engine.getNetwork(network).inspect();
      if (scope !== 'swarm')
        return bad(
          name,
          `"${network}" is a network of one engine alone`,
          `create an overlay network (docker network create --driver overlay), and set ${key} to it`,
        );
    } catch (error) {
      if (statusOf(error) !== 404) throw error;
      return bad(
        name,
        `the Swarm has no network "${network}"`,
        `create it (docker network create --driver overlay ${network}), or set ${key} to one of "docker network ls"`,
      );
    }
  }
  const host = URL.canParse(connectorUrl) ? new URL(connectorUrl).hostname : '';
  const loopback = ['localhost', '[::1]'].includes(host) || host.startsWith('127.');
  if (loopback && network !== 'host')
    return advice(
      name,
      `${network ?? 'default'}; connectors are given ${connectorUrl}, which inside a container is the container itself`,
      `set ${platform}.connector_url to an address that containers on every node reach`,
    );
  if (network === 'none') return advice(name, 'none', `connectors reach nothing, not even the platform; set ${key}`);
  return good(name, network ?? 'default');
}
