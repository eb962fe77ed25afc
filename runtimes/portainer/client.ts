import Docker from 'dockerode';
import { permanent } from '../../model/errors.ts';
import { statusOf } from '../docker/errors.ts';
import { agentFor, type Trust } from './agent.ts';
import { environmentGone, tooLate, translated } from './errors.ts';
import { olderVersion } from './version.ts';

export interface PortainerAddress extends Trust {
  /** URL of Portainer, maybe with a path. */
  readonly api: string;
  readonly apiKey: string;
  readonly environment: string;
  /** Newest Docker API to use; the engine's is taken where it is older. */
  readonly apiVersion: string;
  /** Milliseconds until an answer begins; a stop has its grace on top, a pull its own limit. */
  readonly answerMs: number;
  /** Seconds of grace on stop. */
  readonly grace: number;
  readonly proxy?: URL;
}

/** What of docker-modem's call is looked at here. */
interface Dial {
  readonly path: string;
  abortSignal?: AbortSignal | undefined;
}
type Answered = (error: unknown, data?: unknown) => void;
interface Modem {
  version: string;
  dial(options: Dial, answered: Answered): void;
}

/** A client of the engine behind one environment of Portainer. Throws `InvalidConfiguration` when the address cannot be one. */
export function throughPortainer(address: PortainerAddress): { readonly engine: Docker; readonly close: () => void } {
  const url = URL.canParse(address.api) ? new URL(address.api) : undefined;
  if (url === undefined || !['http:', 'https:'].includes(url.protocol))
    throw permanent(
      'InvalidConfiguration',
      'daemon.portainer.api is no address; use https://host:port as in the browser',
    );
  const agent = agentFor(url, address, address.proxy);
  // docker-modem puts `version` before every path; its own `pathPrefix` is lost for absolute paths.
  const base = `${url.pathname}/api/endpoints/${address.environment}/docker`.replaceAll(/\/{2,}/g, '/').slice(1);
  const client = (): Docker =>
    new Docker({
      host: url.hostname,
      port: Number(url.port) || (url.protocol === 'https:' ? 443 : 80),
      protocol: url.protocol === 'https:' ? 'https' : 'http',
      headers: { 'X-API-KEY': address.apiKey },
      version: base,
      // Docker's own variables mean another engine.
      ...({ agent, ca: undefined, cert: undefined, key: undefined, timeout: undefined } as object),
    });
  const bare = client().modem as unknown as Modem;
  const engine = client();
  const modem = engine.modem as unknown as Modem;
  const dialEngine = modem.dial.bind(modem);

  const ask = (path: string): Promise<unknown> =>
    new Promise((resolve, reject) => {
      const options = { path, method: 'GET', statusCodes: { 200: true } };
      dialInTime(bare.dial.bind(bare), options, address.answerMs, (error, data) =>
        error === null || error === undefined ? resolve(data) : reject(error as Error),
      );
    });

  let negotiated: Promise<void> | undefined;
  /** Once per client; a failure is forgotten, so that the next call tries anew. */
  const negotiate = (): Promise<void> =>
    (negotiated ??= (async () => {
      try {
        const { ApiVersion } = (await ask('/version')) as { ApiVersion?: string };
        modem.version = `${base}/${olderVersion(address.apiVersion, ApiVersion)}`;
      } catch (error) {
        negotiated = undefined;
        throw statusOf(error) === 404 ? environmentGone(address.environment) : translated(error, false);
      }
    })());

  /** Absence of a container is proven only by the engine's own 404: Portainer says 404 of a missing environment too. */
  const judged = async (error: unknown, path: string): Promise<unknown> => {
    // The engine was replaced by an older one.
    if (statusOf(error) === 400 && /client version/.test((error as Error).message)) negotiated = undefined;
    if (statusOf(error) !== 404) return translated(error, path.startsWith('/containers/create'));
    return ask('/_ping').then(
      () => error,
      (e: unknown) => (statusOf(e) === 404 ? environmentGone(address.environment) : translated(e, false)),
    );
  };

  modem.dial = (options, answered) => {
    const fail = (error: unknown): void => void judged(error, options.path).then(answered);
    const limit = options.path.startsWith('/images/create')
      ? undefined
      : address.answerMs + (/^\/containers\/[^/]+\/stop/.test(options.path) ? address.grace * 1_000 : 0);
    negotiate().then(
      () => dialInTime(dialEngine, options, limit, (error, data) => (error ? fail(error) : answered(null, data))),
      answered,
    );
  };
  return { engine, close: () => agent.destroy() };
}

/** The limit ends with the beginning of an answer that is a stream, and with the end of any other. */
function dialInTime(dial: Modem['dial'], options: Dial, limitMs: number | undefined, answered: Answered): void {
  if (limitMs === undefined) return dial(options, answered);
  const late = new AbortController();
  const given = options.abortSignal;
  const timer = setTimeout(() => late.abort(), limitMs);
  options.abortSignal = given === undefined ? late.signal : AbortSignal.any([given, late.signal]);
  dial(options, (error, data) => {
    clearTimeout(timer);
    answered(error && late.signal.aborted && given?.aborted !== true ? tooLate(limitMs / 1_000) : error, data);
  });
}
