import { fieldOf } from './fields.ts';
import { strangeAnswer, type Target } from './reach.ts';

/**
 * Lets only GraphQL replies through, whatever status or content type they come with: OpenCTI says 200 for nearly
 * everything, and proxies change the rest. Any other answer becomes a problem, without a word of its body.
 */
export const onlyGraphql =
  (send: typeof fetch, target: Target): typeof fetch =>
  async (input, init) => {
    const response = await send(input, init);
    const text = await response.text();
    if (!isReply(text)) throw strangeAnswer(target, response.status, response.headers.get('content-type'));
    return new Response(text, { headers: { 'content-type': 'application/json' } });
  };

function isReply(text: string): boolean {
  try {
    const reply: unknown = JSON.parse(text);
    const errors = fieldOf(reply, 'errors');
    const data = fieldOf(reply, 'data');
    const shaped = (errors === undefined || Array.isArray(errors)) && typeof (data ?? null) === 'object';
    return shaped && !Array.isArray(data) && (errors !== undefined || data !== undefined);
  } catch {
    return false;
  }
}
