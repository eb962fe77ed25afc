import type Docker from 'dockerode';
import pLimit from 'p-limit';
import type { RuntimeObject } from '../model/connector.ts';
import { Problem } from '../model/errors.ts';
import { managerLabel, specHashLabel } from '../model/labels.ts';
import { type DockerAddress, connect } from './docker/connect.ts';
import { containers } from './docker/containers.ts';
import { availableDigest, runningDigest } from './docker/digests.ts';
import { statusOf, unavailable } from './docker/errors.ts';
import { engineEvents } from './docker/events.ts';
import { type HostOptions, hostConfig } from './docker/hostconfig.ts';
import { followLogs, tailLogs } from './docker/logs.ts';
import { puller } from './docker/pull.ts';
import { stateOf } from './docker/state.ts';
import { swap } from './docker/swap.ts';
import type { Runtime } from './runtime.ts';

export interface EngineOptions {
  readonly hostOptions: HostOptions;
  /** Seconds of grace on stop; unset: the engine's default (10). */
  readonly stopTimeout?: number;
  /** How many images are pulled at a time. */
  readonly pullConcurrency: number;
  /** Milliseconds for one step. */
  readonly timeoutMs: number;
  /** Labels of every container, beside those of its spec. */
  readonly labels?: Readonly<Record<string, string>>;
  /** Content of X-Registry-Auth where it is not made of the credentials. */
  readonly registryHeader?: Readonly<Record<string, unknown>>;
}

export type DockerOptions = DockerAddress & EngineOptions;

/** At most this many calls are on their way to the engine at once. */
const engineCalls = 16;

/** Docker, through its API: one container per connector. */
export const docker = (options: DockerOptions): Runtime => onEngine('docker', connect(options), options);

/** One container per connector on the engine behind this client, however it is reached. */
export function onEngine(kind: 'docker' | 'portainer', engine: Docker, options: EngineOptions): Runtime {
  const c = containers(engine, {
    hostConfig: hostConfig(options.hostOptions),
    ...(options.labels === undefined ? {} : { labels: options.labels }),
    ...(options.stopTimeout === undefined ? {} : { stopTimeout: options.stopTimeout }),
  });
  const pull = puller(engine, options.pullConcurrency, options.registryHeader);
  const limit = pLimit(engineCalls);
  const bounded = <T>(signal: AbortSignal, work: (inTime: AbortSignal) => Promise<T>): Promise<T> =>
    limit(() => {
      signal.throwIfAborted();
      return work(AbortSignal.any([signal, AbortSignal.timeout(options.timeoutMs)]));
    });
  /** What never changes about a container and a list does not tell; dropped when the container is. */
  const facts = new Map<string, Pick<RuntimeObject, 'contractHash' | 'createdAt'>>();

  const factsOf = async (
    ref: string,
    signal: AbortSignal,
  ): Promise<Pick<RuntimeObject, 'contractHash' | 'createdAt'>> => {
    const known = facts.get(ref);
    if (known !== undefined) return known;
    const o = await bounded(signal, (s) => c.inspect(ref, s));
    if (o === undefined) return {};
    const { contractHash, createdAt } = o;
    const found = {
      ...(contractHash === undefined ? {} : { contractHash }),
      ...(createdAt === undefined ? {} : { createdAt }),
    };
    facts.set(ref, found);
    return found;
  };

  return {
    kind,
    async engine(signal) {
      try {
        const info = (await bounded(signal, async () => engine.info())) as { ID?: string; ServerVersion?: string };
        return { id: info.ID ?? '', version: info.ServerVersion ?? '' };
      } catch (error) {
        throw unavailable(error, signal);
      }
    },
    async list(managerIds, signal) {
      try {
        const lists = await Promise.all(
          managerIds.map((id) =>
            bounded(signal, (s) =>
              engine.listContainers({ all: true, filters: { label: [`${managerLabel}=${id}`] }, abortSignal: s }),
            ),
          ),
        );
        const all = lists.flat();
        const present = new Set(all.map((x) => x.Id));
        for (const ref of facts.keys()) if (!present.has(ref)) facts.delete(ref);
        return await Promise.all(
          all.map(async (x): Promise<RuntimeObject> => {
            const specHash = x.Labels[specHashLabel];
            return {
              ref: x.Id,
              name: (x.Names[0] ?? '').replace(/^\//, ''),
              labels: x.Labels,
              state: stateOf(x.State),
              image: x.Image,
              imageDigest: x.ImageID,
              runtimeRestarts: 0,
              ...(specHash === undefined ? {} : { specHash }),
              ...(await factsOf(x.Id, signal)),
            };
          }),
        );
      } catch (error) {
        throw unavailable(error, signal);
      }
    },
    async find({ connectorId, variableId, names }, signal) {
      const found = [...(await bounded(signal, (s) => c.ofConnector(connectorId, s)))];
      // Names matter only where labels do not settle it, and the second one only where the first is taken.
      if (found.some((o) => names.includes(o.name))) return found;
      for (const name of new Set(names.filter((n) => n.length >= 2))) {
        const holder = await bounded(signal, (s) => c.inspect(encodeURIComponent(name), s, variableId));
        // The engine also takes an id for a name; only what really has the name counts.
        if (holder?.name !== name) break;
        found.push(holder);
      }
      return found;
    },
    pull,
    deploy: (spec, start, signal) =>
      bounded(signal, async (s) => {
        const ref = await c.create(spec, spec.name, s).catch(async (error: unknown) => {
          if (!(error instanceof Problem) || error.type !== 'NameConflict') throw error;
          // Taken: by an earlier attempt of this very deploy, or by something that must not be touched.
          const holder = (await c.ofConnector(spec.connectorId, s)).find((o) => o.name === spec.name);
          if (holder?.contractHash !== spec.contractHash || holder.specHash !== spec.specHash) throw error;
          return holder.ref;
        });
        if (start) await c.start(ref, spec.name, s);
      }),
    refresh: (spec, current, start, signal) => bounded(signal, (s) => swap(c, spec, current, start, s)),
    start: (ref, signal) => bounded(signal, (s) => c.start(ref, 'the container', s)),
    stop: (ref, force, signal) => bounded(signal, (s) => c.stop(ref, force, s)),
    unpause: (ref, signal) =>
      bounded(signal, async (s) => {
        try {
          await engine.getContainer(ref).unpause({ abortSignal: s });
        } catch (error) {
          // Not paused is what was wanted.
          if (![404, 409, 500].includes(statusOf(error) ?? 0)) throw unavailable(error, s);
          if ((await c.inspect(ref, s))?.state === 'paused') throw unavailable(error, s);
        }
      }),
    rename: (ref, name, signal) => bounded(signal, (s) => c.rename(ref, name, s)),
    remove: (ref, signal) =>
      bounded(signal, async (s) => {
        await c.stop(ref, false, s);
        await c.remove(ref, s);
      }),
    logs: (ref, o, signal) => bounded(signal, (s) => tailLogs(engine, ref, o, s)),
    events: (managerIds, onOpen, signal) => engineEvents(engine, managerIds, onOpen, signal),
    follow: (ref, tail, signal) => followLogs(engine, ref, tail, signal),
    runningDigest: (ref, signal) => bounded(signal, (s) => runningDigest(engine, ref, s)),
    availableDigest: (image, auth, signal) => bounded(signal, (s) => availableDigest(engine, image, auth, s)),
    close: () => facts.clear(),
  };
}
