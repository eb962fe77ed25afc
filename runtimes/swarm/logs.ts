import { statusOf } from '../docker/errors.ts';
import { frameReader } from '../docker/frames.ts';
import type { LogLine } from '../runtime.ts';
import type { Api } from './api.ts';
import { unavailable } from './errors.ts';

/** What the engine says of a node it cannot read stands between the lines, but without a time: it is no line of the connector. */
const isLine = ({ at }: LogLine): boolean => at !== '';

/** dockerode's types know only one of the two answers: all there is as a buffer, or with `follow` a stream. */
interface Logs<T> {
  logs(options: object): Promise<T>;
}

const isTty = async (api: Api, ref: string, signal: AbortSignal): Promise<boolean> =>
  (await api.service(ref, signal))?.Spec.TaskTemplate.ContainerSpec?.['TTY'] === true;

/** The last lines of all tasks on all nodes, oldest first. A service that is gone, or has no task any more, has none. */
export async function tailLogs(
  api: Api,
  ref: string,
  options: { readonly tail: number; readonly since?: string },
  timeoutMs: number,
  signal: AbortSignal,
): Promise<readonly LogLine[]> {
  try {
    const tty = await isTty(api, ref, signal);
    const raw = await (api.engine.getService(ref) as unknown as Logs<Buffer>).logs({
      stdout: true,
      stderr: true,
      timestamps: true,
      follow: false,
      // Counted per task, hence cut again below.
      tail: options.tail,
      ...(options.since === undefined ? {} : { since: Date.parse(options.since) / 1000 }),
      abortSignal: AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)]),
    });
    const reader = frameReader(tty);
    const lines = [...reader.push(Buffer.from(raw)), ...reader.end()].filter(isLine);
    return lines
      .map((line, order) => ({ line, order }))
      .toSorted((a, b) => (a.line.at < b.line.at ? -1 : a.line.at > b.line.at ? 1 : a.order - b.order))
      .map(({ line }) => line)
      .slice(-options.tail);
  } catch (error) {
    if (statusOf(error) === 404) return [];
    throw unavailable(error, signal);
  }
}

/** The last lines and then each new one, of this task and the next ones, until the signal aborts. */
export async function* followLogs(api: Api, ref: string, tail: number, signal: AbortSignal): AsyncIterable<LogLine> {
  let stream: NodeJS.ReadableStream;
  let tty: boolean;
  try {
    tty = await isTty(api, ref, signal);
    stream = await (api.engine.getService(ref) as unknown as Logs<NodeJS.ReadableStream>).logs({
      stdout: true,
      stderr: true,
      timestamps: true,
      follow: true,
      tail,
      abortSignal: signal,
    });
  } catch (error) {
    throw unavailable(error, signal);
  }
  const reader = frameReader(tty);
  try {
    for await (const chunk of stream) yield* reader.push(Buffer.from(chunk as Buffer)).filter(isLine);
    yield* reader.end().filter(isLine);
  } catch (error) {
    if (!signal.aborted) throw unavailable(error, signal);
  }
}
