import type Docker from 'dockerode';
import type { LogLine } from '../runtime.ts';
import { statusOf, unavailable } from './errors.ts';
import { frameReader } from './frames.ts';

const isTty = async (container: Docker.Container, signal: AbortSignal): Promise<boolean> =>
  (await container.inspect({ abortSignal: signal })).Config.Tty;

/** The last lines, oldest first; by time, because the two streams come in bursts of their own. A container that is gone has none. */
export async function tailLogs(
  engine: Docker,
  ref: string,
  options: { readonly tail: number; readonly since?: string },
  signal: AbortSignal,
): Promise<readonly LogLine[]> {
  try {
    const container = engine.getContainer(ref);
    const tty = await isTty(container, signal);
    const raw = await container.logs({
      stdout: true,
      stderr: true,
      timestamps: true,
      follow: false,
      tail: options.tail,
      ...(options.since === undefined ? {} : { since: Date.parse(options.since) / 1000 }),
      abortSignal: signal,
    });
    const reader = frameReader(tty);
    const lines = [...reader.push(raw), ...reader.end()];
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

/** The last lines and then each new one, until the signal aborts or the container ends. */
export async function* followLogs(
  engine: Docker,
  ref: string,
  tail: number,
  signal: AbortSignal,
): AsyncIterable<LogLine> {
  let stream: NodeJS.ReadableStream;
  let tty: boolean;
  try {
    const container = engine.getContainer(ref);
    tty = await isTty(container, signal);
    stream = await container.logs({
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
    for await (const chunk of stream) yield* reader.push(Buffer.from(chunk as Buffer));
    yield* reader.end();
  } catch (error) {
    if (!signal.aborted) throw unavailable(error, signal);
  }
}
