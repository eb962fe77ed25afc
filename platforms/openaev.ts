import { retryable } from '../model/errors.ts';
import { fieldOf } from './fields.ts';
import { http } from './http.ts';
import { publicHalf, publicKeyText } from './keys.ts';
import { optionalCalls } from './missing.ts';
import { type Call, calls } from './openaev-calls.ts';
import { type Answer, parsed, refusal } from './openaev-errors.ts';
import { decodeListing } from './openaev-records.ts';
import { type ClientOptions, endpoint, headerSafe } from './options.ts';
import type { PlatformClient } from './platform.ts';
import { place, strangeAnswer, unreachable, type Target } from './reach.ts';
import { sealing } from './sealing.ts';

/** What a ping answers is the version at registration for ever; this often (ms) the platform is asked for the present one. */
const versionAge = 10 * 60_000;

/** A client of OpenAEV's REST API. Throws `InvalidConfiguration` when the options cannot work. */
export function openaev(options: ClientOptions, now: () => number = Date.now): PlatformClient {
  const target: Target = { title: 'OpenAEV', section: 'openaev', url: endpoint(options.url, 'openaev', '/api') };
  const web = http(options, target.section);
  const headers = {
    authorization: `Bearer ${headerSafe(options.token, target.section)}`,
    accept: 'application/json, text/plain',
  };
  const patient = web.within(options.listingTimeoutMs);
  const publicKey = publicHalf(options.key);
  const sealed = sealing(publicKey);
  const call = calls({ id: options.manager.id, name: options.manager.name });
  const optional = optionalCalls(target.title, options.onFeatureMissing);
  let version: { readonly text: string; readonly at: number } | undefined;

  /** Sends one call and returns its answer, which is a 2xx. */
  async function ask({ operation, method, path, body }: Call, signal: AbortSignal): Promise<Answer> {
    signal.throwIfAborted();
    const send = operation === 'list' ? patient : web.fetch;
    let answer: Answer;
    try {
      const response = await send(`${target.url.href}${path}`, {
        method,
        headers: { ...headers, ...(method === 'GET' ? {} : { 'content-type': 'application/json' }) },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
        signal,
      });
      const { status, headers: got } = response;
      answer = { status, contentType: got.get('content-type'), text: await response.text() };
    } catch (error) {
      signal.throwIfAborted();
      throw unreachable(target, error);
    }
    if (answer.status >= 200 && answer.status < 300) return answer;
    throw refusal(answer, operation, target);
  }

  /** The platform answers this call in plain text, newer versions maybe as a JSON string. */
  async function askVersion(signal: AbortSignal): Promise<string> {
    const answer = await ask(call.version(), signal);
    const json = parsed(answer.text);
    const text = (typeof json === 'string' ? json : answer.text).trim();
    if (!/^[\w.+-]{1,64}$/.test(text)) throw strangeAnswer(target, answer.status, answer.contentType);
    optional.versionIs(text);
    version = { text, at: now() };
    return text;
  }

  /** A page where JSON was asked for comes from something before the platform, or from its user interface. */
  const jsonOf = (answer: Answer): unknown => {
    const value = parsed(answer.text);
    if (value === undefined) throw strangeAnswer(target, answer.status, answer.contentType);
    return value;
  };

  /** Of use here is no reply to a push, but a page in its place means that the platform never saw the push. */
  const taken = (answer: Answer): void => {
    if (answer.text.trim() !== '') jsonOf(answer);
  };

  return {
    platform: 'openaev',
    logs: 'extended',
    registration: 'overwrites',
    version: askVersion,
    register: async (signal) => {
      const reply = jsonOf(await ask(call.register(publicKeyText(publicKey, 'spki')), signal));
      const told = fieldOf(reply, 'xtm_composer_version');
      if (typeof told === 'string' && told !== '') {
        version = { text: told, at: now() };
        optional.versionIs(told);
        return told;
      }
      return version?.text ?? askVersion(signal);
    },
    ping: async (signal) => {
      await ask(call.ping(), signal);
      if (version !== undefined && now() - version.at < versionAge) return version.text;
      const known = version;
      // The sign of life was taken; a version that cannot be had now is asked for at the next one.
      return askVersion(signal).catch((error: unknown) => {
        if (signal.aborted || known === undefined) throw error;
        return known.text;
      });
    },
    list: async (signal) => {
      const raw = jsonOf(await ask(call.list(), signal));
      if (!Array.isArray(raw))
        throw retryable(
          'PlatformUnavailable',
          `${target.title} at ${place(target.url)} answered something else than a list of connectors`,
        );
      const listing = decodeListing(raw);
      return { ...listing, records: sealed(listing.records) };
    },
    reportStatus: async (id, status, signal) => {
      taken(await ask(call.status(id, status), signal));
    },
    // Empty in newer versions, an object in older ones: of this reply the status alone counts.
    pushLogs: (id, lines, signal) => optional.attempt('logs', () => ask(call.logs(id, lines), signal)),
    pushHealth: (id, health, signal) =>
      optional.attempt('health', async () => taken(await ask(call.health(id, health), signal))),
    close: web.close,
  };
}
