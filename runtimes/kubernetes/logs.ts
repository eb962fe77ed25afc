import { unavailable, isStatus } from './errors.ts';
import type { Api } from './api.ts';
import type { Cluster } from './cluster.ts';
import { frameReader } from '../docker/frames.ts';
import type { LogLine } from '../runtime.ts';
import { chosenPod, containerName, podSelector, statusOf } from './pods.ts';
import type { ContainerStatus } from './objects.ts';

interface Source {
  readonly path: string;
  readonly container: string;
  readonly status: ContainerStatus | undefined;
}

/** The pod and container whose log is the connector's; nothing while there is none. */
async function sourceOf(c: Cluster, ref: string, signal: AbortSignal): Promise<Source | undefined> {
  const deployment = await c.byRef(ref, signal);
  if (deployment === undefined) return undefined;
  const pod = chosenPod(deployment, await c.pods(podSelector(deployment), signal));
  if (pod === undefined) return undefined;
  const container = containerName(deployment);
  return { path: `${c.podsPath}/${pod.metadata.name}/log`, container, status: statusOf(pod, container) };
}

/** The last lines, oldest first. Where the process has just been restarted, what its predecessor said comes before. */
export async function tailLogs(
  api: Api,
  c: Cluster,
  ref: string,
  options: { readonly tail: number; readonly since?: string },
  signal: AbortSignal,
): Promise<readonly LogLine[]> {
  const source = await sourceOf(c, ref, signal);
  if (source === undefined) return [];
  const read = async (previous: boolean, tail: number): Promise<readonly LogLine[]> => {
    const query = {
      container: source.container,
      timestamps: true,
      tailLines: tail,
      previous: previous || undefined,
      // The server knows whole seconds; what comes too early is dropped below.
      sinceTime: options.since,
    };
    try {
      const reader = frameReader(true);
      const text = await api.text({ method: 'GET', path: source.path, query }, signal);
      return [...reader.push(Buffer.from(text)), ...reader.end()];
    } catch (error) {
      // 400: the container has not run yet, or the log of the one before is no longer kept.
      if (isStatus(error, 400, 404)) return [];
      throw unavailable(error, signal);
    }
  };
  const now = await read(false, options.tail);
  const restarted = source.status?.state?.running !== undefined && source.status.restartCount > 0;
  const before = restarted && now.length < options.tail ? await read(true, options.tail - now.length) : [];
  const { since } = options;
  return [...before, ...now].filter((l) => since === undefined || l.at === '' || Date.parse(l.at) >= Date.parse(since));
}

/** The last lines and then each new one, until the signal aborts or the process ends. */
export async function* followLogs(
  api: Api,
  c: Cluster,
  ref: string,
  tail: number,
  signal: AbortSignal,
): AsyncIterable<LogLine> {
  const source = await sourceOf(c, ref, signal);
  if (source === undefined) return;
  const query = { container: source.container, timestamps: true, tailLines: tail, follow: true };
  const reader = frameReader(true);
  try {
    const stream = await api.stream({ method: 'GET', path: source.path, query }, 0, signal);
    for await (const chunk of stream) yield* reader.push(Buffer.from(chunk));
    yield* reader.end();
  } catch (error) {
    if (!signal.aborted && !isStatus(error, 400, 404)) throw unavailable(error, signal);
  }
}
