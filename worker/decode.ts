import type { IncomingMessage, ServerResponse } from 'node:http';
import { UnreadablePayload } from '../codec/aes.ts';

/** Decrypts for Temporal's UI, which asks from the operator's browser. */
export interface Decoder {
  /** Only pages of this origin may read the answer; empty: none may, and only tools without a browser can. */
  readonly origin: string;
  readonly body: (text: string) => Promise<string>;
}

/** The UI sends at most one page of history. */
const maxBytes = 32 * 1024 * 1024;

/** `POST /codec/decode` as Temporal's UI and command line call it, with the preflight that browsers send before. */
export async function decodeRoute(request: IncomingMessage, response: ServerResponse, decoder: Decoder): Promise<void> {
  const { origin } = request.headers;
  const refuse = (status: number, message: string): void => {
    response.writeHead(status, { 'content-type': 'application/json' }).end(`${JSON.stringify({ message })}\n`);
  };
  if (origin !== undefined && origin !== decoder.origin)
    return refuse(403, 'pages of this origin may not ask; set CADENZA_TEMPORAL_UI to the URL of the Temporal UI');
  if (origin !== undefined) {
    response.setHeader('access-control-allow-origin', origin);
    response.setHeader('access-control-allow-methods', 'POST');
    response.setHeader('access-control-allow-headers', 'content-type, x-namespace, authorization');
    response.setHeader('vary', 'origin');
  }
  if (request.method === 'OPTIONS') return void response.writeHead(204).end();
  if (request.method !== 'POST') return refuse(405, 'only POST is served here');
  const parts: Buffer[] = [];
  let size = 0;
  for await (const part of request as AsyncIterable<Buffer>) {
    size += part.length;
    if (size > maxBytes) return refuse(413, 'the body is too large');
    parts.push(part);
  }
  try {
    const clear = await decoder.body(Buffer.concat(parts).toString());
    response.writeHead(200, { 'content-type': 'application/json', 'cache-control': 'no-store' }).end(clear);
  } catch (error) {
    if (!(error instanceof UnreadablePayload)) throw error;
    refuse(400, error.message);
  }
}
