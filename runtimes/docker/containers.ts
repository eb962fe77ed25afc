import type Docker from 'dockerode';
import type { RuntimeObject } from '../../model/connector.ts';
import { retryable } from '../../model/errors.ts';
import { connectorLabel } from '../../model/labels.ts';
import type { Spec } from '../runtime.ts';
import { deliverCa } from './ca.ts';
import { daemonMessage, refused, startFailed, statusOf, unavailable } from './errors.ts';
import { fromInspect } from './state.ts';

/** Single steps on containers, each tolerant of having been done before. */
export interface ContainerOptions {
  readonly hostConfig: Docker.HostConfig;
  /** Labels beside those of the spec, which stand over them. */
  readonly labels?: Readonly<Record<string, string>>;
  /** Seconds of grace on stop; unset: the engine's default. */
  readonly stopTimeout?: number;
}

export type Containers = ReturnType<typeof containers>;

export function containers(engine: Docker, options: ContainerOptions) {
  const inspect = async (ref: string, signal: AbortSignal, variableId?: string): Promise<RuntimeObject | undefined> => {
    try {
      return fromInspect(await engine.getContainer(ref).inspect({ abortSignal: signal }), variableId);
    } catch (error) {
      if (statusOf(error) === 404) return undefined;
      throw unavailable(error, signal);
    }
  };

  const ofConnector = async (connectorId: string, signal: AbortSignal): Promise<readonly RuntimeObject[]> => {
    try {
      const list = await engine.listContainers({
        all: true,
        filters: { label: [`${connectorLabel}=${connectorId}`] },
        abortSignal: signal,
      });
      const found = await Promise.all(list.map((c) => inspect(c.Id, signal)));
      return found.filter((o) => o !== undefined);
    } catch (error) {
      throw unavailable(error, signal);
    }
  };

  const destroy = async (ref: string, signal: AbortSignal): Promise<void> => {
    try {
      await engine.getContainer(ref).remove({ v: true, force: true, abortSignal: signal });
    } catch (error) {
      const status = statusOf(error);
      // 409: a removal is already under way.
      if (status !== 404 && status !== 409) throw unavailable(error, signal);
    }
  };

  return {
    inspect,
    ofConnector,
    destroy,
    /** Creates, and copies the CA bundle in; a half-made container does not stay. */
    async create(spec: Spec, name: string, signal: AbortSignal): Promise<string> {
      let container: Docker.Container;
      try {
        container = await engine.createContainer({
          name,
          Image: spec.image,
          Env: spec.env.map(({ key, value }) => `${key}=${value}`),
          Labels: { ...options.labels, ...spec.labels },
          HostConfig: options.hostConfig,
          abortSignal: signal,
        });
      } catch (error) {
        throw refused(error, name, signal);
      }
      if (spec.caBundle !== undefined) {
        try {
          await deliverCa(container, spec.caBundle, signal);
        } catch (error) {
          await destroy(container.id, AbortSignal.timeout(10_000)).catch(() => undefined);
          throw error;
        }
      }
      return container.id;
    },
    async start(ref: string, name: string, signal: AbortSignal): Promise<void> {
      try {
        await engine.getContainer(ref).start({ abortSignal: signal });
      } catch (error) {
        if (statusOf(error) === 304) return;
        throw startFailed(error, name, signal);
      }
    },
    async stop(ref: string, force: boolean, signal: AbortSignal): Promise<void> {
      const container = engine.getContainer(ref);
      try {
        if (force) await container.kill({ abortSignal: signal });
        else
          await container.stop({
            ...(options.stopTimeout === undefined ? {} : { t: options.stopTimeout }),
            abortSignal: signal,
          });
      } catch (error) {
        const status = statusOf(error);
        // Not running (304, or 409 on kill) or gone (404) is what was wanted.
        if (status === 304 || status === 404 || (force && status === 409)) return;
        if (signal.aborted || status === undefined) throw unavailable(error, signal);
        throw retryable('StopFailed', `the container was not stopped: ${daemonMessage(error)}`);
      }
    },
    async rename(ref: string, name: string, signal: AbortSignal): Promise<void> {
      try {
        await engine.getContainer(ref).rename({ name, abortSignal: signal });
      } catch (error) {
        const now = await inspect(ref, signal);
        if (now?.name === name) return;
        throw refused(error, name, signal);
      }
    },
    async remove(ref: string, signal: AbortSignal): Promise<void> {
      await destroy(ref, signal);
      // A forced removal answers when it is done; one that was already under way may take a moment.
      const deadline = Date.now() + 30_000;
      while ((await inspect(ref, signal)) !== undefined) {
        if (Date.now() > deadline)
          throw retryable('RuntimeUnavailable', 'the container is still there after its removal');
        await new Promise((resolve) => setTimeout(resolve, 200));
        signal.throwIfAborted();
      }
    },
  };
}
