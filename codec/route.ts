import type { PayloadCodec } from '@temporalio/common';
import proto from '@temporalio/proto';
import { UnreadablePayload } from './aes.ts';

const { Payloads } = proto.temporal.api.common.v1;

/**
 * The body of a `POST /decode` from Temporal's UI or command line, with every payload in clear: proto3 JSON of
 * `temporal.api.common.v1.Payloads`, both ways. Throws `UnreadablePayload`.
 */
export async function decodeBody(codec: PayloadCodec, body: string): Promise<string> {
  let payloads: Parameters<PayloadCodec['decode']>[0];
  try {
    ({ payloads } = Payloads.fromObject(JSON.parse(body) as Record<string, unknown>));
  } catch {
    throw new UnreadablePayload('the body is no JSON with payloads');
  }
  const clear = await codec.decode(payloads);
  return JSON.stringify(Payloads.toObject(Payloads.create({ payloads: clear }), { bytes: String }));
}
