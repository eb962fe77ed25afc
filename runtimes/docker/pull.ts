import type Docker from 'dockerode';
import pLimit from 'p-limit';
import { Problem, retryable } from '../../model/errors.ts';
import type { Progress, PullPolicy, RegistryAuth } from '../runtime.ts';
import { authConfig } from './digests.ts';
import { daemonMessage, statusOf, unavailable } from './errors.ts';

interface PullLine {
  readonly status?: string;
  readonly id?: string;
  readonly error?: string;
  readonly progressDetail?: { readonly current?: number; readonly total?: number };
}

interface Shared {
  readonly done: Promise<void>;
  readonly stop: AbortController;
  readonly listeners: Set<Progress>;
  waiting: number;
}

/**
 * Pulls with a bound on how many run at once. Several that want one reference share one download: a waiter that gives
 * up leaves the others waiting, and only the last one's leaving ends the download. `header` stands in for credentials.
 */
export function puller(engine: Docker, concurrency: number, header?: object) {
  const limit = pLimit(concurrency);
  const running = new Map<string, Shared>();

  const start = (image: string, auth: RegistryAuth | undefined): Shared => {
    const stop = new AbortController();
    const listeners = new Set<Progress>();
    const tell: Progress = (text) => {
      for (const l of listeners) l(text);
    };
    tell(`waiting to pull ${image}`);
    const done = limit(() => download(engine, image, header ?? authConfig(auth), tell, stop.signal)).finally(() =>
      running.delete(image),
    );
    done.catch(() => undefined);
    const shared: Shared = { done, stop, listeners, waiting: 0 };
    running.set(image, shared);
    return shared;
  };

  return async (
    image: string,
    policy: PullPolicy,
    auth: RegistryAuth | undefined,
    progress: Progress,
    signal: AbortSignal,
  ): Promise<void> => {
    signal.throwIfAborted();
    if (policy !== 'always' && (await present(engine, image, signal))) return;
    if (policy === 'never')
      throw retryable(
        'ImagePull',
        `${image} is not on the engine and pull_policy is never; load it there or change pull_policy`,
      );
    const shared = running.get(image) ?? start(image, auth);
    shared.waiting += 1;
    shared.listeners.add(progress);
    try {
      await Promise.race([shared.done, aborted(signal)]);
    } finally {
      shared.listeners.delete(progress);
      shared.waiting -= 1;
      if (shared.waiting === 0 && running.get(image) === shared) {
        running.delete(image);
        shared.stop.abort();
      }
    }
  };
}

const aborted = (signal: AbortSignal): Promise<never> =>
  new Promise((_, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason as Error), { once: true });
  });

async function present(engine: Docker, image: string, signal: AbortSignal): Promise<boolean> {
  try {
    await engine.getImage(image).inspect();
    return true;
  } catch (error) {
    if (statusOf(error) === 404) return false;
    throw unavailable(error, signal);
  }
}

async function download(
  engine: Docker,
  image: string,
  authconfig: object | undefined,
  tell: Progress,
  signal: AbortSignal,
): Promise<void> {
  let stream: NodeJS.ReadableStream;
  try {
    // `_query` alone goes into the address; the credentials travel in a header.
    stream = await engine.createImage(authconfig as object, { _query: reference(image), abortSignal: signal });
  } catch (error) {
    const status = statusOf(error);
    if (signal.aborted || status === undefined) throw unavailable(error, signal);
    throw retryable(
      'ImagePull',
      `${image} cannot be pulled: ${daemonMessage(error) || `the engine answered ${status}`}`,
    );
  }
  const layers = new Map<string, number>();
  try {
    // A failure after the headers comes as an `error` line inside the 200 stream, so it is read to its end.
    for await (const entry of jsonLines(stream)) {
      if (entry.error !== undefined)
        throw retryable('ImagePull', `${image} cannot be pulled: ${entry.error.slice(0, 300)}`);
      const { current, total } = entry.progressDetail ?? {};
      if (entry.id !== undefined && current !== undefined && total !== undefined && total > 0)
        layers.set(entry.id, current / total);
      if (layers.size > 0) {
        const share = [...layers.values()].reduce((a, b) => a + Math.min(b, 1), 0) / layers.size;
        tell(`pulling ${image}: ${layers.size} layers, ${Math.round(share * 100)} %`);
      }
    }
  } catch (error) {
    if (error instanceof Problem) throw error;
    throw unavailable(error, signal);
  }
  if (!(await present(engine, image, signal)))
    throw retryable('ImagePull', `${image} is not there after its pull; try again`);
}

/** A digest belongs to the name; a tag is given apart, because without one the engine would pull all of them. */
function reference(image: string): { readonly fromImage: string; readonly tag?: string } {
  if (image.includes('@')) return { fromImage: image };
  const colon = image.lastIndexOf(':');
  return colon > image.lastIndexOf('/')
    ? { fromImage: image.slice(0, colon), tag: image.slice(colon + 1) }
    : { fromImage: image, tag: 'latest' };
}

async function* jsonLines(stream: NodeJS.ReadableStream): AsyncIterable<PullLine> {
  let rest = '';
  for await (const chunk of stream) {
    rest += chunk.toString();
    const lines = rest.split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) if (line.trim() !== '') yield JSON.parse(line) as PullLine;
  }
  if (rest.trim() !== '') yield JSON.parse(rest) as PullLine;
}
