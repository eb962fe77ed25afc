import { benign, Problem, retryable } from '../model/errors.ts';
import { fieldOf } from './graphql.ts';
import { http } from './http.ts';
import { publicHalf, publicKeyText } from './keys.ts';
import { refusal, type Operation } from './openaev-errors.ts';
import { decodeInstances } from './openaev-records.ts';
import { endpoint, headerSafe, type ClientOptions } from './options.ts';
import type { PlatformClient } from './platform.ts';
import { place, strangeAnswer, unreachable, type Target } from './reach.ts';
import { sealing } from './sealing.ts';

/** The version of the last registration is all a ping tells; the platform itself is asked this often (ms). */
const versionAge = 10 * 60_000;

interface Call {
  readonly operation: Operation;
  readonly method: 'GET' | 'POST' | 'PUT';
  readonly path: string;
  readonly body?: object;
}

/** A client of OpenAEV's REST API for XTM Composer. Throws `InvalidConfiguration` when the options cannot work. */
export function openaev(options: ClientOptions, now: () => number = Date.now): PlatformClient {
  const target: Target = { title: 'OpenAEV', section: 'openaev', url: endpoint(options.url, 'openaev', '/api') };
  const web = http(options, target.section);
  const authorization = `Bearer ${headerSafe(options.token, target.section)}`;
  const patient = web.within(options.listingTimeoutMs);
  const publicKey = publicHalf(options.key);
  const sealed = sealing(publicKey);
  const manager = encodeURIComponent(options.manager.id);
  const instance = (id: string, what: string): string =>
    `/xtm-composer/${manager}/connector-instances/${encodeURIComponent(id)}/${what}`;

  const missing = new Set<Operation>();
  let version: { readonly text: string; readonly at: number } | undefined;

  /** Sends one call; answers with the body's text. A status that is no success throws. */
  async function send({ operation, method, path, body }: Call, signal: AbortSignal): Promise<string> {
    signal.throwIfAborted();
    let response: Response;
    try {
      response = await (operation === 'list' ? patient : web.fetch)(`${target.url.href}${path}`, {
        method,
        headers: { authorization, ...(method === 'GET' ? {} : { 'content-type': 'application/json' }) },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
        signal,
      });
    } catch (error) {
      signal.throwIfAborted();
      throw unreachable(target, error);
    }
    const text = await response.text();
    if (response.status >= 200 && response.status < 300) return text;
    throw refusal(response.status, text, response.headers.get('content-type'), operation, target);
  }

  async function json(call: Call, signal: AbortSignal): Promise<unknown> {
    const text = await send(call, signal);
    try {
      return JSON.parse(text) as unknown;
    } catch {
      throw strangeAnswer(target, 200, 'text/plain');
    }
  }

  /** As `send`, for calls that some versions do not have. */
  async function optional(call: Call & { readonly operation: 'logs' | 'health' }, signal: AbortSignal): Promise<void> {
    const { operation } = call;
    if (missing.has(operation))
      throw benign(
        'FeatureMissing',
        `${target.title} ${version?.text ?? ''} does not take ${operation}; not asked again until its version changes`,
      );
    try {
      await send(call, signal);
    } catch (error) {
      if (error instanceof Problem && error.type === 'FeatureMissing') {
        missing.add(operation);
        options.onFeatureMissing?.(operation, error);
      }
      throw error;
    }
  }

  function noted(told: unknown): string {
    if (typeof told !== 'string' || !/^[\w.+-]{1,64}$/.test(told.trim()))
      throw retryable('PlatformUnavailable', `${target.title} at ${place(target.url)} did not tell its version`);
    const text = told.trim();
    if (text !== version?.text) missing.clear();
    version = { text, at: now() };
    return text;
  }

  const askVersion = async (signal: AbortSignal): Promise<string> =>
    // Plain text; a server that writes it as JSON puts quotes around it.
    noted((await send({ operation: 'version', method: 'GET', path: '/settings/version' }, signal)).replaceAll('"', ''));

  return {
    platform: 'openaev',
    logs: 'extended',
    registration: 'overwrites',
    version: askVersion,
    register: async (signal) => {
      const { id, name } = options.manager;
      const body = { id, name, public_key: publicKeyText(publicKey, 'spki') };
      const reply = await json({ operation: 'register', method: 'POST', path: '/xtm-composer/register', body }, signal);
      return noted(fieldOf(reply, 'xtm_composer_version'));
    },
    ping: async (signal) => {
      await json({ operation: 'ping', method: 'PUT', path: `/xtm-composer/${manager}/refresh-connectivity` }, signal);
      return version === undefined || now() - version.at >= versionAge ? askVersion(signal) : version.text;
    },
    list: async (signal) => {
      const raw = await json(
        { operation: 'list', method: 'GET', path: `/xtm-composer/${manager}/connector-instances` },
        signal,
      );
      if (!Array.isArray(raw))
        throw retryable(
          'PlatformUnavailable',
          `${target.title} at ${place(target.url)} answered something else than a list of connector instances`,
        );
      const listing = decodeInstances(raw);
      return { ...listing, records: sealed(listing.records) };
    },
    reportStatus: async (id, status, signal) => {
      const body = { connector_instance_current_status: status };
      await send({ operation: 'status', method: 'PUT', path: instance(id, 'status'), body }, signal);
    },
    // The server takes a push for a set and keeps ten elements: lines sent one by one would lose their order and most of them.
    pushLogs: (id, lines, signal) =>
      optional(
        {
          operation: 'logs',
          method: 'POST',
          path: instance(id, 'logs'),
          body: { connector_instance_logs: [lines.join('\n')] },
        },
        signal,
      ),
    pushHealth: (id, health, signal) =>
      optional(
        {
          operation: 'health',
          method: 'PUT',
          path: instance(id, 'health-check'),
          body: {
            connector_instance_restart_count: health.restartCount,
            connector_instance_started_at: health.startedAt,
            connector_instance_is_in_reboot_loop: health.inRebootLoop,
          },
        },
        signal,
      ),
    close: web.close,
  };
}
