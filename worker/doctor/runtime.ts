import type { Check } from '../../model/check.ts';
import { type DockerAddress, connect } from '../../runtimes/docker/connect.ts';
import { statusOf, unavailable } from '../../runtimes/docker/errors.ts';
import { advice, bad, good, skipped, wordsOf } from './check.ts';

/** What of a platform's configuration concerns its containers. */
export interface ContainerFacts {
  readonly platform: string;
  readonly networkMode: string | undefined;
  /** The key that sets it, below the platform's section. */
  readonly networkKey: string;
  /** URL that connectors are given. */
  readonly connectorUrl: string;
}

/** What of a platform's configuration concerns its Docker engine. */
export type DockerFacts = Omit<ContainerFacts, 'networkKey'> & { readonly address: DockerAddress };

/** What was found, and the engine's id. */
export type Findings = readonly [readonly Check[], string | undefined];

/** The oldest API that has all that is used. */
const oldestApi = 1.41;
/** Clocks further apart make restarts and log lines land in the wrong order (ms). */
const skew = 5_000;
const builtIn = new Set(['bridge', 'host', 'none', 'default']);

type Engine = ReturnType<typeof connect>;

export const runtimeChecks = (facts: DockerFacts, signal: AbortSignal): Promise<Findings> =>
  engineChecks(
    { ...facts, networkKey: 'daemon.docker.network_mode' },
    () => connect(facts.address),
    '',
    `start the Docker engine, or set ${facts.platform}.daemon.docker.host or DOCKER_HOST; this user must be allowed to use the socket`,
    signal,
  );

/** Engine, API version, clock, and the network of the connectors; `fix` is for an engine that is not reached over this `way`. */
export async function engineChecks(
  facts: ContainerFacts,
  open: () => Engine,
  way: string,
  fix: string,
  signal: AbortSignal,
): Promise<Findings> {
  const { platform, networkMode } = facts;
  const [reach, network] = [`${platform} runtime`, `${platform} network`];
  try {
    const engine = open();
    const [info, version] = await Promise.race([
      Promise.all([engine.info() as Promise<EngineFacts>, engine.version()]),
      aborted(signal),
    ]);
    const api = version.ApiVersion;
    const detail = `${way}Docker ${version.Version}, API ${api}, engine ${info.ID ?? 'without id'}`;
    const there =
      Number(api) < oldestApi
        ? bad(reach, detail, `update the engine: API ${oldestApi} or newer is needed`)
        : good(reach, detail);
    return [[there, ...clock(platform, info.SystemTime), await networkCheck(engine, network, facts, signal)], info.ID];
  } catch (error) {
    const words = wordsOf(unavailable(error, signal));
    return [
      [bad(reach, words, fix), ...(networkMode === undefined ? [] : [skipped(network, 'the engine does not answer')])],
      undefined,
    ];
  }
}

interface EngineFacts {
  readonly ID?: string;
  readonly SystemTime?: string;
}

function clock(platform: string, systemTime: string | undefined): readonly Check[] {
  const apart = Math.abs(Date.now() - Date.parse(systemTime ?? ''));
  if (!(apart > skew)) return [];
  return [
    advice(
      `${platform} clock`,
      `the engine's clock and this machine's are ${Math.round(apart / 1_000)} s apart`,
      'synchronise both with NTP',
    ),
  ];
}

async function networkCheck(engine: Engine, name: string, facts: ContainerFacts, signal: AbortSignal): Promise<Check> {
  const { platform, networkMode, networkKey, connectorUrl } = facts;
  const key = `${platform}.${networkKey}`;
  const mode = networkMode ?? 'default';
  const [, container] = /^container:(.+)$/.exec(mode) ?? [];
  if (!builtIn.has(mode)) {
    try {
      await Promise.race([
        container === undefined ? engine.getNetwork(mode).inspect() : engine.getContainer(container).inspect(),
        aborted(signal),
      ]);
    } catch (error) {
      const what = container === undefined ? `network "${mode}"` : `container "${container}"`;
      if (statusOf(error) !== 404) throw error;
      return bad(
        name,
        `the engine has no ${what}`,
        `create it (docker network create ${container ?? mode}), or set ${key} to one of "docker network ls"`,
      );
    }
  }
  const host = URL.canParse(connectorUrl) ? new URL(connectorUrl).hostname : '';
  const loopback = ['localhost', '[::1]'].includes(host) || host.startsWith('127.');
  if (loopback && mode !== 'host')
    return advice(
      name,
      `${mode}; connectors are given ${connectorUrl}, which inside a container is the container itself`,
      `set ${platform}.connector_url to an address that containers reach, or ${key} to host`,
    );
  if (mode === 'none') return advice(name, 'none', `connectors reach nothing, not even the platform; set ${key}`);
  return good(name, mode);
}

/** Rejects when the time is up; dockerode's plain calls take no signal. */
const aborted = (signal: AbortSignal): Promise<never> =>
  new Promise((_resolve, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason as Error), { once: true });
  });
