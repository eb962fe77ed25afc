import type Docker from 'dockerode';
import { retryable } from '../../model/errors.ts';
import { connectorLabel, managerLabel } from '../../model/labels.ts';
import type { RuntimeEvent } from '../runtime.ts';
import { unavailable } from './errors.ts';

const known: ReadonlySet<string> = new Set(['start', 'die', 'oom', 'destroy', 'pause', 'unpause', 'create', 'rename']);

interface EngineEvent {
  readonly Action?: string;
  readonly timeNano?: number;
  readonly Actor?: { readonly ID?: string; readonly Attributes?: Readonly<Record<string, string>> };
}

/** Engine events of our containers, as they happen. */
export async function* engineEvents(
  engine: Docker,
  managerIds: readonly string[],
  onOpen: () => void,
  signal: AbortSignal,
): AsyncIterable<RuntimeEvent> {
  let stream: NodeJS.ReadableStream;
  try {
    stream = await engine.getEvents({ filters: { type: ['container'], event: [...known] }, abortSignal: signal });
  } catch (error) {
    throw unavailable(error, signal);
  }
  onOpen();
  let rest = '';
  try {
    for await (const chunk of stream) {
      rest += chunk.toString();
      const lines = rest.split('\n');
      rest = lines.pop() ?? '';
      for (const line of lines) {
        const event = line.trim() === '' ? undefined : translate(JSON.parse(line) as EngineEvent, managerIds);
        if (event !== undefined) yield event;
      }
    }
  } catch (error) {
    throw unavailable(error, signal);
  } finally {
    (stream as { destroy?: () => void }).destroy?.();
  }
  signal.throwIfAborted();
  throw retryable('RuntimeUnavailable', 'the engine ended its event stream');
}

function translate(e: EngineEvent, managerIds: readonly string[]): RuntimeEvent | undefined {
  const attributes = e.Actor?.Attributes ?? {};
  const action = e.Action ?? '';
  const connectorId = attributes[connectorLabel] ?? '';
  if (!known.has(action) || connectorId === '' || !managerIds.includes(attributes[managerLabel] ?? ''))
    return undefined;
  return {
    connectorId,
    ref: e.Actor?.ID ?? '',
    action: action as RuntimeEvent['action'],
    at: new Date((e.timeNano ?? Date.now() * 1e6) / 1e6).toISOString(),
  };
}
