import type Docker from 'dockerode';
import pLimit from 'p-limit';
import { retryable } from '../../model/errors.ts';
import type { RegistryAuth } from '../runtime.ts';
import { authConfig } from '../docker/digests.ts';
import { statusOf } from '../docker/errors.ts';
import type { Info, Service, ServiceSpec, SwarmConfig, SwarmNode, Task } from './objects.ts';

/** At most this many calls are on their way to the engine at once. */
const engineCalls = 16;
/** Services named in one address; more take several calls. */
const servicesPerCall = 100;

export type Filters = Readonly<Record<string, readonly string[]>>;
export type Api = ReturnType<typeof api>;

interface Call {
  readonly query?: Readonly<Record<string, string>>;
  readonly body?: unknown;
  readonly auth?: RegistryAuth | undefined;
}

/** The calls of the engine that Swarm needs, bounded in number and time (ms). They throw what dockerode throws. */
export function api(engine: Docker, timeoutMs: number) {
  const limit = pLimit(engineCalls);

  const call = <T>(method: string, path: string, { query, body, auth }: Call, signal: AbortSignal): Promise<T> =>
    limit(() => {
      signal.throwIfAborted();
      const authconfig = authConfig(auth);
      const late = AbortSignal.timeout(timeoutMs);
      const fault = (error: unknown): Error =>
        late.aborted && !signal.aborted
          ? retryable('RuntimeUnavailable', 'the Docker engine took too long (daemon.docker.timeout)')
          : (error as Error);
      return new Promise<T>((resolve, reject) => {
        engine.modem.dial(
          {
            path: `${path}?`,
            method,
            abortSignal: AbortSignal.any([signal, late]),
            statusCodes: { 200: true, 201: true, 204: true },
            ...(authconfig === undefined ? {} : { authconfig }),
            options: { _query: query ?? {}, ...(body === undefined ? {} : { _body: body }) },
          } as never,
          (error: unknown, data: unknown) => (error ? reject(fault(error)) : resolve(data as T)),
        );
      });
    });
  const listed = <T>(path: string, filters: Filters, signal: AbortSignal): Promise<readonly T[]> =>
    call<readonly T[]>('GET', path, { query: { filters: JSON.stringify(filters) } }, signal);
  /** Undefined for a 404, the only proof of absence. */
  const found = async <T>(work: Promise<T>): Promise<T | undefined> => {
    try {
      return await work;
    } catch (error) {
      if (statusOf(error) === 404) return undefined;
      throw error;
    }
  };
  const at = (folder: string, ref: string): string => `/${folder}/${encodeURIComponent(ref)}`;

  return {
    engine,
    info: (signal: AbortSignal) => call<Info>('GET', '/info', {}, signal),
    services: (filters: Filters, signal: AbortSignal) => listed<Service>('/services', filters, signal),
    /** By id or by name; whoever asks for one must see that it is not the other. */
    service: (ref: string, signal: AbortSignal) => found(call<Service>('GET', at('services', ref), {}, signal)),
    async tasks(services: readonly string[], signal: AbortSignal): Promise<readonly Task[]> {
      const parts: (readonly string[])[] = [];
      for (let i = 0; i < services.length; i += servicesPerCall) parts.push(services.slice(i, i + servicesPerCall));
      // The engine looks each service up and answers 404 when one of them has gone in the meantime.
      const lists = await Promise.all(
        parts.map(async (part) => {
          const whole = await found(listed<Task>('/tasks', { service: part }, signal));
          if (whole !== undefined) return whole;
          const single = await Promise.all(part.map((id) => found(listed<Task>('/tasks', { service: [id] }, signal))));
          return single.flatMap((list) => list ?? []);
        }),
      );
      return lists.flat();
    },
    nodes: (signal: AbortSignal) => listed<SwarmNode>('/nodes', {}, signal),
    create: (spec: ServiceSpec, auth: RegistryAuth | undefined, signal: AbortSignal) =>
      call<{ readonly ID: string }>('POST', '/services/create', { body: spec, auth }, signal),
    /** `back`: to the spec before the last change, and the one given is ignored. Credentials the header lacks are kept. */
    update: (
      service: Service,
      spec: ServiceSpec,
      auth: RegistryAuth | undefined,
      signal: AbortSignal,
      back = false,
    ): Promise<unknown> =>
      call(
        'POST',
        `${at('services', service.ID)}/update`,
        {
          query: { version: String(service.Version.Index), ...(back ? { rollback: 'previous' } : {}) },
          body: spec,
          auth,
        },
        signal,
      ),
    remove: (ref: string, signal: AbortSignal) => found(call('DELETE', at('services', ref), {}, signal)),
    configs: (filters: Filters, signal: AbortSignal) => listed<SwarmConfig>('/configs', filters, signal),
    createConfig: (spec: SwarmConfig['Spec'], signal: AbortSignal) =>
      call<{ readonly ID: string }>('POST', '/configs/create', { body: spec }, signal),
    removeConfig: (id: string, signal: AbortSignal) => found(call('DELETE', at('configs', id), {}, signal)),
  };
}
