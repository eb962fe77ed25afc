import Docker from 'dockerode';
import { permanent } from '../../model/errors.ts';
import { statusOf } from '../docker/errors.ts';
import { agentFor, type Trust } from './agent.ts';
import { isPage, isStream, relayed, strange } from './answers.ts';
import { registryHeader } from './credentials.ts';
import { notPortainer } from './errors.ts';
import { type Dial, type Modem, dialInTime, unlessAborted } from './dial.ts';
import { judged, ofEnvironment } from './judge.ts';
import { type Spoken, agreedVersion } from './version.ts';

export interface PortainerAddress extends Trust {
  /** URL of Portainer, maybe with a path. */
  readonly api: string;
  readonly apiKey: string;
  readonly environment: string;
  /** Docker API to use; the nearest one of the engine's where it does not speak this. */
  readonly apiVersion: string;
  /** Milliseconds until an answer begins; a stop has its grace on top, a pull its own limit. */
  readonly answerMs: number;
  /** Seconds of grace on stop. */
  readonly grace: number;
  /** The proxy that reaches Portainer, if there is one. */
  readonly proxy?: URL;
}

export interface PortainerClient {
  /** The engine of the environment; its errors are Portainer's where it is Portainer that fails. */
  readonly engine: Docker;
  readonly close: () => void;
}

/** A client of the engine behind one environment of Portainer. Throws `InvalidConfiguration` when the address cannot be one. */
export function throughPortainer(address: PortainerAddress): PortainerClient {
  const url = URL.canParse(address.api) ? new URL(address.api) : undefined;
  if (url === undefined || !['http:', 'https:'].includes(url.protocol))
    throw permanent(
      'InvalidConfiguration',
      'daemon.portainer.api is no address; use https://host:port as in the browser',
    );
  const { environment, answerMs } = address;
  const agent = agentFor(url, address, address.proxy);
  // docker-modem puts `version` before every path; its own `pathPrefix` is lost for absolute paths.
  const base = `${url.pathname}/api/endpoints/${environment}/docker`.replaceAll(/\/{2,}/g, '/').slice(1);
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

  /** Without a version, which every engine takes. */
  const ask = (path: string): Promise<unknown> =>
    new Promise((resolve, reject) => {
      const options = { path, method: 'GET', statusCodes: { 200: true } };
      dialInTime(bare.dial.bind(bare), options, answerMs, (error, data) =>
        error === null || error === undefined ? resolve(data) : reject(error as Error),
      );
    });
  const probe = (): Promise<unknown> => ask('/_ping');

  let negotiated: Promise<void> | undefined;
  /** Once per client; a failure is forgotten, so that the next call tries anew. */
  const negotiate = (): Promise<void> =>
    (negotiated ??= (async () => {
      try {
        const spoken = (await ask('/version')) as Partial<Spoken>;
        if (typeof spoken.ApiVersion !== 'string') throw notPortainer();
        modem.version = `${base}/${agreedVersion(address.apiVersion, spoken as Spoken)}`;
      } catch (error) {
        negotiated = undefined;
        throw ofEnvironment(error, environment);
      }
    })());

  modem.dial = (options, answered) => {
    const { method, path, authconfig, abortSignal } = options;
    if (authconfig !== undefined) options.authconfig = { base64: registryHeader(authconfig) };
    const fail = (error: unknown): void => {
      // The engine was replaced by another one.
      if (statusOf(error) === 400 && /client version/.test((error as Error).message)) negotiated = undefined;
      void judged(error, path, environment, probe).then(answered);
    };
    const succeed = (data: unknown): void => {
      if (!isStream(data)) return strange(method, path, data) ? answered(notPortainer()) : answered(null, data);
      if (!isPage(data)) return answered(null, relayed(data));
      data.destroy();
      answered(notPortainer());
    };
    unlessAborted(negotiate(), abortSignal).then(
      () =>
        dialInTime(dialEngine, options, limitOf(options, address), (error, data) =>
          error === null || error === undefined ? succeed(data) : fail(error),
        ),
      answered,
    );
  };
  return { engine, close: () => agent.destroy() };
}

const limitOf = ({ path }: Dial, { answerMs, grace }: PortainerAddress): number | undefined => {
  if (path.startsWith('/images/create')) return undefined;
  return answerMs + (/^\/containers\/[^/]+\/stop/.test(path) ? grace * 1_000 : 0);
};
