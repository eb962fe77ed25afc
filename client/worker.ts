import { type IncomingMessage, get as getHttp } from 'node:http';
import { get as getHttps } from 'node:https';
import { type Failure, failed, refused, unreachable } from './failure.ts';
import { homeOf, instanceIn, workerToken, workerUrl } from './home.ts';
import type { Common, Session } from './io.ts';

/** How long until the worker must have begun its answer (ms). Looking at everything (`doctor`) takes a while. */
const patience = 60_000;

/**
 * Asks a local route of the worker and returns the answer as a stream; it may go on for as long as the connector's log
 * does. Throws a failure that says what to do when there is no worker, no token, or a refusal.
 */
export async function askWorker(
  session: Session,
  options: Common,
  path: string,
  signal?: AbortSignal,
): Promise<IncomingMessage> {
  const home = homeOf(session, options);
  const base = workerUrl(session.env, instanceIn(home));
  const token = workerToken(home);
  if (token === undefined)
    throw unreachable(
      `no worker has left its token in ${home}; run this where the worker runs, or give its state folder with --home`,
    );
  const response = await answer(new URL(path, base), token, signal);
  if (response.statusCode === 200) return response;
  throw await refusal(response, base);
}

function answer(url: URL, token: string, signal: AbortSignal | undefined): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    const get = url.protocol === 'https:' ? getHttps : getHttp;
    const request = get(
      url,
      { headers: { authorization: `Bearer ${token}` }, ...(signal === undefined ? {} : { signal }) },
      (response) => {
        clearTimeout(timer);
        resolve(response);
      },
    );
    const timer = setTimeout(() => request.destroy(new Error('no answer in time')), patience);
    request.once('error', () => {
      clearTimeout(timer);
      reject(
        unreachable(
          `the worker at ${url.origin} does not answer; start it with "npm start", or set CADENZA_WORKER_URL`,
        ),
      );
    });
  });
}

async function refusal(response: IncomingMessage, base: URL): Promise<Failure> {
  const text = await body(response);
  if (response.statusCode === 401)
    return refused(
      'NotPermitted',
      `the worker at ${base.origin} is another one than the state folder's; check --home and CADENZA_WORKER_URL`,
    );
  try {
    const { error } = JSON.parse(text) as { error?: { kind?: string; message?: string } };
    if (typeof error?.kind === 'string' && typeof error.message === 'string') return failed(error.kind, error.message);
  } catch {
    // Not from a worker of ours.
  }
  return failed('Unexpected', `what answers at ${base.origin} is no worker of Cadenza (status ${response.statusCode})`);
}

/** The whole of a short answer. */
export async function body(response: IncomingMessage): Promise<string> {
  let text = '';
  response.setEncoding('utf8');
  for await (const chunk of response) text += chunk as string;
  return text;
}
