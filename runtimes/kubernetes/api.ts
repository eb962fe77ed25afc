import pLimit from 'p-limit';
import { type Dispatcher, request } from 'undici';
import type { Connection } from './connect.ts';

export type PatchType =
  | 'application/apply-patch+yaml'
  | 'application/merge-patch+json'
  | 'application/strategic-merge-patch+json'
  | 'application/json-patch+json';

export interface Call {
  readonly method: 'GET' | 'POST' | 'PATCH' | 'DELETE';
  readonly path: string;
  readonly query?: Readonly<Record<string, string | number | boolean | undefined>>;
  readonly body?: unknown;
  /** Of the body; unset: plain JSON. */
  readonly type?: PatchType;
}

/** An answer that is no success, in the API server's own words. */
export class ApiError extends Error {
  readonly status: number;
  /** The server's word for it, such as `AlreadyExists` or `Conflict`. */
  readonly reason: string;
  /** Milliseconds, where the server says so. */
  readonly after: number | undefined;
  readonly call: Pick<Call, 'method' | 'path'>;

  constructor(status: number, reason: string, message: string, after: number | undefined, call: Call) {
    super(message);
    this.name = 'ApiError';
    this.status = status;
    this.reason = reason;
    this.after = after;
    this.call = { method: call.method, path: call.path };
  }
}

/** One call or stream at a time over a connection; throws `ApiError`, or the socket's error, or the signal's reason. */
export interface Api {
  json<T>(call: Call, signal: AbortSignal): Promise<T>;
  text(call: Call, signal: AbortSignal): Promise<string>;
  /** Bytes as they come; `quietMs` without any ends it (0: never). */
  stream(call: Call, quietMs: number, signal: AbortSignal): Promise<AsyncIterable<Uint8Array>>;
}

/** At most this many calls are on their way at once; streams do not count. */
const concurrentCalls = 16;

export function api(connection: Connection, timeoutMs: number): Api {
  const limit = pLimit(concurrentCalls);
  const send = async (call: Call, signal: AbortSignal, bodyTimeout: number): Promise<Dispatcher.ResponseData> => {
    signal.throwIfAborted();
    const url = new URL(`${connection.server}${call.path}`);
    for (const [key, value] of Object.entries(call.query ?? {}))
      if (value !== undefined) url.searchParams.set(key, String(value));
    const [headers, dispatcher] = [await connection.headers(), await connection.dispatcher()];
    const response = await request(url, {
      method: call.method,
      dispatcher,
      signal,
      bodyTimeout,
      headersTimeout: timeoutMs,
      headers: {
        accept: 'application/json',
        ...headers,
        ...(call.body === undefined ? {} : { 'content-type': call.type ?? 'application/json' }),
      },
      ...(call.body === undefined ? {} : { body: JSON.stringify(call.body) }),
    });
    if (response.statusCode < 200 || response.statusCode > 299) throw await refusal(response, call);
    return response;
  };
  const text = (call: Call, signal: AbortSignal): Promise<string> =>
    limit(async () => {
      const inTime = AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)]);
      return (await send(call, inTime, timeoutMs)).body.text();
    });
  return {
    text,
    json: async <T>(call: Call, signal: AbortSignal) => JSON.parse(await text(call, signal)) as T,
    stream: async (call, quietMs, signal) => (await send(call, signal, quietMs)).body as AsyncIterable<Uint8Array>,
  };
}

interface Status {
  readonly message?: string;
  readonly reason?: string;
  readonly details?: { readonly retryAfterSeconds?: number };
}

async function refusal(response: Dispatcher.ResponseData, call: Call): Promise<ApiError> {
  const body = await response.body.text();
  let status: Status = {};
  try {
    status = JSON.parse(body) as Status;
  } catch {
    // A proxy in between answers in its own way.
  }
  const header = Number(response.headers['retry-after']);
  const seconds = status.details?.retryAfterSeconds ?? (Number.isFinite(header) ? header : undefined);
  return new ApiError(
    response.statusCode,
    status.reason ?? '',
    (status.message ?? '').replaceAll(/\s+/g, ' ').slice(0, 400),
    seconds === undefined ? undefined : seconds * 1000,
    call,
  );
}
