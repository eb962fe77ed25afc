import { GraphQLClient, ClientError } from 'graphql-request';
import { retryable } from '../model/errors.ts';
import { fieldOf } from './fields.ts';
import { onlyGraphql } from './graphql.ts';
import { http } from './http.ts';
import { publicHalf, publicKeyText } from './keys.ts';
import { optionalCalls } from './missing.ts';
import { documents, type Operation } from './opencti-documents.ts';
import { refusal } from './opencti-errors.ts';
import { decodeListing } from './opencti-records.ts';
import { endpoint, headerSafe, type ClientOptions, type OptionalCall } from './options.ts';
import type { PlatformClient } from './platform.ts';
import { place, unreachable, type Target } from './reach.ts';
import { sealing } from './sealing.ts';

/** A client of OpenCTI's GraphQL API. Throws `InvalidConfiguration` when the options cannot work. */
export function opencti(options: ClientOptions): PlatformClient {
  const target: Target = { title: 'OpenCTI', section: 'opencti', url: endpoint(options.url, 'opencti', '/graphql') };
  const web = http(options, target.section);
  const headers = { authorization: `Bearer ${headerSafe(options.token, 'opencti')}` };
  const clientWithin = (ms: number): GraphQLClient =>
    new GraphQLClient(target.url.href, { fetch: onlyGraphql(web.within(ms), target), headers });
  const usual = clientWithin(options.requestTimeoutMs);
  const patient = clientWithin(options.listingTimeoutMs);
  const publicKey = publicHalf(options.key);
  const sealed = sealing(publicKey);

  const optional = optionalCalls(target.title, options.onFeatureMissing);

  /** Sends one operation and returns its root field, which is never null. */
  async function ask(operation: Operation, input: object | undefined, signal: AbortSignal): Promise<unknown> {
    const { text, field } = documents[operation];
    signal.throwIfAborted();
    let data: Record<string, unknown> | null | undefined;
    try {
      data = await (operation === 'list' ? patient : usual).request<Record<string, unknown> | null>({
        document: text,
        ...(input === undefined ? {} : { variables: { input } }),
        signal,
      });
    } catch (error) {
      signal.throwIfAborted();
      throw error instanceof ClientError && Array.isArray(error.response.errors)
        ? refusal(error.response.errors, operation, target)
        : unreachable(target, error);
    }
    const root = data?.[field];
    if (root === null || root === undefined)
      throw retryable('PlatformUnavailable', `${target.title} at ${place(target.url)} answered ${field} with nothing`);
    return root;
  }

  const askOptional = (operation: OptionalCall, input: object, signal: AbortSignal): Promise<void> =>
    optional.attempt(operation, () => ask(operation, input, signal));

  function noted(reply: unknown, field: string): string {
    const told = fieldOf(reply, field);
    if (typeof told !== 'string' || told === '')
      throw retryable('PlatformUnavailable', `${target.title} at ${place(target.url)} did not tell its version`);
    optional.versionIs(told);
    return told;
  }

  const { id, name } = options.manager;
  return {
    platform: 'opencti',
    logs: 'replaced',
    registration: 'exclusive',
    version: async (signal) => noted(await ask('version', undefined, signal), 'version'),
    register: async (signal) => {
      const input = { id, name, public_key: publicKeyText(publicKey, 'pkcs1') };
      return noted(await ask('register', input, signal), 'about_version');
    },
    ping: async (signal) => noted(await ask('ping', { id }, signal), 'about_version'),
    list: async (signal) => {
      const raw = await ask('list', undefined, signal);
      if (!Array.isArray(raw))
        throw retryable(
          'PlatformUnavailable',
          `${target.title} at ${place(target.url)} answered something else than a list of connectors`,
        );
      const listing = decodeListing(raw);
      return { ...listing, records: sealed(listing.records) };
    },
    reportStatus: async (connector, status, signal) => {
      await ask('status', { id: connector, status }, signal);
    },
    pushLogs: (connector, logs, signal) => askOptional('logs', { id: connector, logs }, signal),
    pushHealth: (connector, health, signal) =>
      askOptional(
        'health',
        {
          id: connector,
          restart_count: health.restartCount,
          started_at: health.startedAt,
          is_in_reboot_loop: health.inRebootLoop,
        },
        signal,
      ),
    close: web.close,
  };
}
