import { fileURLToPath } from 'node:url';
import type { DataConverter } from '@temporalio/common';
import { type CodecKeys, aesCodec } from './aes.ts';

/** Loaded by the SDK itself and bundled into workflow code, so it is a path. */
export const failureConverterPath = fileURLToPath(new URL('./failures.cjs', import.meta.url));

/** How payloads are written and read; `undefined`: in clear, and nothing encrypted can be read. */
export function dataConverter(keys: CodecKeys): DataConverter | undefined {
  const { current, previous } = keys;
  if (current === undefined && previous.length === 0) return undefined;
  return { payloadCodecs: [aesCodec(keys)], ...(current === undefined ? {} : { failureConverterPath }) };
}
