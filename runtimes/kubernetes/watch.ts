import { retryable } from '../../model/errors.ts';
import type { Api } from './api.ts';
import { ApiError } from './api.ts';
import { isStatus, unavailable } from './errors.ts';
import { lines } from './lines.ts';
import type { List, Meta } from './objects.ts';

/** One change of a watched collection. `listed`: the whole of it anew, after which all earlier ones are void. */
export type Change<T> =
  { readonly kind: 'listed'; readonly items: readonly T[] } | { readonly kind: 'set' | 'gone'; readonly item: T };

interface WatchEvent<T> {
  readonly type: 'ADDED' | 'MODIFIED' | 'DELETED' | 'BOOKMARK' | 'ERROR';
  readonly object: T & { readonly code?: number; readonly message?: string };
}

/** Bookmarks come every minute; a stream without them is dead (ms). */
const quiet = 180_000;
/** So many lists in a row may be too old for a watch before that counts as an outage. */
const relists = 3;
/** The server ends a watch after this time (s); it is taken up again where it was. */
const turn = 600;

/**
 * The collection, and then every change of it, for ever. A watch that the server ends is taken up at the last version
 * seen; one whose version is too old (410) begins with a new list. Throws when the server goes away.
 */
export async function* watchAll<T extends { readonly metadata: Meta }>(
  api: Api,
  path: string,
  labelSelector: string,
  signal: AbortSignal,
): AsyncIterable<Change<T>> {
  let version: string | undefined;
  let outdated = 0;
  for (;;) {
    signal.throwIfAborted();
    if (version === undefined) {
      const list = await api.json<List<T>>({ method: 'GET', path, query: { labelSelector } }, signal).catch((e) => {
        throw unavailable(e, signal);
      });
      version = list.metadata.resourceVersion ?? '';
      yield { kind: 'listed', items: list.items };
    }
    try {
      for await (const event of open<T>(api, path, labelSelector, version, signal)) {
        const { object } = event;
        if (event.type === 'ERROR')
          throw new ApiError(object.code ?? 500, '', object.message ?? '', undefined, { method: 'GET', path });
        outdated = 0;
        version = object.metadata.resourceVersion ?? version;
        if (event.type === 'BOOKMARK') continue;
        yield { kind: event.type === 'DELETED' ? 'gone' : 'set', item: object };
      }
    } catch (error) {
      outdated += 1;
      if (!isStatus(error, 410) || outdated > relists) throw unavailable(error, signal);
      version = undefined;
    }
  }
}

async function* open<T>(
  api: Api,
  path: string,
  labelSelector: string,
  resourceVersion: string,
  signal: AbortSignal,
): AsyncIterable<WatchEvent<T>> {
  const query = { labelSelector, resourceVersion, watch: true, allowWatchBookmarks: true, timeoutSeconds: turn };
  const began = Date.now();
  let any = false;
  for await (const line of lines(await api.stream({ method: 'GET', path, query }, quiet, signal))) {
    any = true;
    yield JSON.parse(line) as WatchEvent<T>;
  }
  // A server or proxy that ends every watch at once would be asked without a pause.
  if (!any && Date.now() - began < 1_000)
    throw retryable('RuntimeUnavailable', 'the Kubernetes API server ends watches as soon as they begin');
}
