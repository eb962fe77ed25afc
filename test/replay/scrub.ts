/**
 * What must not be in a recorded history, because it says where it was recorded, and the search for what may have been
 * missed. Nothing that is removed here is looked at by a replay.
 */
type Json = string | number | boolean | null | readonly Json[] | { readonly [key: string]: Json };

const address = /(?:https?:\/\/)?(?:127\.0\.0\.1|localhost|\[::1\]):\d+/g;
const plain = (text: string): string => text.replaceAll(address, 'http://platform.test');
const decode = (data: string): string => Buffer.from(data, 'base64').toString('utf8');
const encode = (text: string): string => Buffer.from(text).toString('base64');

const isObject = (value: Json): value is { readonly [key: string]: Json } =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
/** `{ metadata, data }`, both base64: the arguments and results. */
const isPayload = (value: { readonly [key: string]: Json }): boolean => isObject(value['metadata'] ?? null);

/** Of no use to a replay, and a tenth of the file. */
const ballast = new Set(['taskId', 'requestId', 'workerVersion', 'historySizeBytes', 'version']);

export function scrubbed(value: Json): Json {
  if (typeof value === 'string') return plain(value);
  if (Array.isArray(value)) return value.map(scrubbed);
  if (!isObject(value)) return value;
  const sticky = value['kind'] === 'TASK_QUEUE_KIND_STICKY';
  return Object.fromEntries(
    Object.entries(value).flatMap(([key, member]): [string, Json][] => {
      if (ballast.has(key)) return [];
      if (key === 'identity') return [[key, 'worker']];
      if (key === 'stackTrace') return [[key, '']];
      if (key === 'name' && sticky) return [[key, 'sticky']];
      if (key === 'data' && typeof member === 'string' && isPayload(value))
        return [[key, encode(plain(decode(member)))]];
      return [[key, scrubbed(member)]];
    }),
  );
}

/** Everything readable in a history: its own text, and its payloads decoded. */
export function readable(value: Json): string {
  if (typeof value === 'string') return `${value}\n`;
  if (Array.isArray(value)) return value.map(readable).join('');
  if (!isObject(value)) return '';
  return Object.entries(value)
    .map(([key, member]) =>
      key === 'data' && typeof member === 'string' && isPayload(value) ? `${decode(member)}\n` : readable(member),
    )
    .join('');
}
