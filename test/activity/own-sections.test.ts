import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { loadConfig } from '../../config/load.ts';
import type { ConnectorRecord, Platform, RuntimeObject } from '../../model/connector.ts';
import { connectorLabel, managerLabel, platformLabel } from '../../model/labels.ts';
import { Problem } from '../../model/errors.ts';
import { type Configured, configuredOne } from '../../worker/platforms.ts';
import { dryRun } from '../../worker/dryrun.ts';
import { makeSite } from '../../worker/site.ts';
import { fakeRuntime } from '../support/fake-runtime.ts';
import { folderWith, privateKey } from '../unit/config-support.ts';
import { type Running, json, serve } from './opencti-server.ts';

/** Each platform has a section of its own: what is in one must not reach the connectors of the other. */

const never = new AbortController().signal;
const closing: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0)) await close();
});

/** An engine that takes containers and images, and remembers what it was asked. */
async function engine(): Promise<Running> {
  const server = await serve((received, response) => {
    if (received.url.includes('/containers/create')) json({ Id: 'c0ffee', Warnings: [] }, 201)(received, response);
    else if (received.url.includes('/images/create')) response.writeHead(200).end('{"status":"done"}\n');
    else json({})(received, response);
  });
  closing.push(() => server.close());
  return server;
}

const logged: string[] = [];
const write = (text: string): void => void logged.push(text);
const log = { debug: write, info: write, warn: write, error: write };

interface Place extends Configured {
  readonly engine: Running;
}

async function places(
  more: Readonly<Record<string, string>> = {},
  proxies: Readonly<Record<string, string>> = {},
): Promise<Readonly<Record<Platform, Place>>> {
  const engines = { opencti: await engine(), openaev: await engine() };
  const cwd = folderWith({ 'key.pem': privateKey });
  const loaded = loadConfig({
    cwd,
    env: {
      MANAGER__ID: 'm1',
      MANAGER__CREDENTIALS_KEY_FILEPATH: 'key.pem',
      OPENCTI__URL: 'http://opencti:8080',
      OPENCTI__TOKEN: 'token-1',
      OPENCTI__DAEMON__SELECTOR: 'docker',
      OPENCTI__DAEMON__DOCKER__HOST: `tcp://127.0.0.1:${engines.opencti.port}`,
      OPENCTI__DAEMON__DOCKER__NETWORK_MODE: 'cti_default',
      OPENCTI__DAEMON__REGISTRY__SERVER: 'registry.cti.example',
      OPENCTI__DAEMON__REGISTRY__USERNAME: 'cti',
      OPENCTI__DAEMON__REGISTRY__PASSWORD: 'cti-password',
      OPENAEV__ENABLE: 'true',
      OPENAEV__URL: 'http://openaev:8081/',
      OPENAEV__TOKEN: 'token-2',
      OPENAEV__DAEMON__SELECTOR: 'docker',
      OPENAEV__DAEMON__DOCKER__HOST: `tcp://127.0.0.1:${engines.openaev.port}`,
      ...more,
    },
  });
  if (!loaded.ok) throw new Error(loaded.text);
  expect(loaded.unusable).toEqual([]);
  const { config, keys } = loaded;
  const made = (platform: Platform): Place => {
    const place = configuredOne(config, platform, loaded.platforms, keys, proxies, log);
    closing.push(() => {
      place.runtime.close();
      return place.client.close();
    });
    return { ...place, engine: engines[platform] };
  };
  return { opencti: made('opencti'), openaev: made('openaev') };
}

const record = (platform: Platform): ConnectorRecord => ({
  id: `${platform}-1`,
  platform,
  name: 'Twin',
  image: 'vendor/connector:1',
  contractHash: 'h1',
  currentStatus: null,
  requestedStatus: 'start',
  configuration: [],
});

/** Pulls and creates the connector there, and answers with what the engine was asked for. */
async function deployed(place: Place) {
  const { platform, client, runtime, settings } = place;
  const site = makeSite(client, runtime, settings, log, Date.now);
  const wanted = record(platform);
  const specHash = settings.specHash(wanted.image);
  const spec = {
    connectorId: wanted.id,
    name: 'twin',
    image: settings.resolveImage(wanted.image),
    env: settings.environment(wanted).env,
    labels: site.labels(wanted, specHash),
    contractHash: wanted.contractHash,
    specHash,
  };
  await runtime.pull(spec.image, 'always', settings.registryAuth(spec.image), () => undefined, never);
  await runtime.deploy(spec, false, never);
  const { received } = place.engine;
  const [pull] = received.filter((r) => r.url.includes('/images/create'));
  const [create] = received.filter((r) => r.url.includes('/containers/create'));
  const auth = String(pull?.headers['x-registry-auth'] ?? '');
  const body = JSON.parse(create?.body ?? '{}') as {
    Image: string;
    Env: readonly string[];
    Labels: Record<string, string>;
    HostConfig: { NetworkMode?: string; Memory?: number };
  };
  return { ...body, auth: auth === '' ? {} : (JSON.parse(Buffer.from(auth, 'base64url').toString()) as object) };
}

beforeEach(() => {
  logged.length = 0;
});

describe('on Docker', () => {
  test('engine, network, limits and registry of each platform are its own', async () => {
    const { opencti, openaev } = await places({
      OPENAEV__DAEMON__DOCKER__NETWORK_MODE: 'aev_default',
      OPENAEV__DAEMON__DOCKER__MEMORY_LIMIT: '67108864',
      OPENAEV__DAEMON__REGISTRY__SERVER: 'registry.aev.example',
      OPENAEV__DAEMON__REGISTRY__USERNAME: 'aev',
      OPENAEV__DAEMON__REGISTRY__PASSWORD: 'aev-password',
    });
    expect(await deployed(openaev)).toMatchObject({
      Image: 'registry.aev.example/vendor/connector:1',
      HostConfig: { NetworkMode: 'aev_default', Memory: 64 * 1024 * 1024 },
      Labels: { [managerLabel]: 'm1', [connectorLabel]: 'openaev-1', [platformLabel]: 'openaev' },
      auth: { username: 'aev', password: 'aev-password', serveraddress: 'registry.aev.example' },
    });
    const cti = await deployed(opencti);
    expect(cti).toMatchObject({
      Image: 'registry.cti.example/vendor/connector:1',
      HostConfig: { NetworkMode: 'cti_default' },
      Labels: { [platformLabel]: 'opencti' },
      auth: { username: 'cti', serveraddress: 'registry.cti.example' },
    });
    expect(cti.HostConfig.Memory ?? 0).toBe(0);
  });

  test('a registry of its own without credentials does not borrow those of the other', async () => {
    const { openaev } = await places({ OPENAEV__DAEMON__REGISTRY__SERVER: 'registry.aev.example' });
    const aev = await deployed(openaev);
    expect(aev.Image).toBe('registry.aev.example/vendor/connector:1');
    expect(JSON.stringify(aev.auth)).not.toContain('cti');
  });

  test('what it lacks comes from OpenCTI only where inheriting is not switched off', async () => {
    const { openaev } = await places();
    expect(await deployed(openaev)).toMatchObject({ Image: 'registry.cti.example/vendor/connector:1' });
    const { openaev: alone } = await places({ OPENAEV__DAEMON__INHERIT: 'false' });
    expect(await deployed(alone)).toMatchObject({ Image: 'vendor/connector:1', auth: {} });
  });
});

describe('what a connector of OpenAEV is told', () => {
  test('its platform, the other one too, and the proxies of its own section', async () => {
    const { opencti, openaev } = await places({
      OPENCTI__WITH_PROXY: 'true',
      OPENCTI__HTTP_PROXY: 'http://cti-proxy:3128',
      OPENAEV__WITH_PROXY: 'true',
      OPENAEV__HTTPS_PROXY: 'http://aev-proxy:3128',
      OPENAEV__HTTPS_PROXY_REJECT_UNAUTHORIZED: 'false',
      OPENAEV__CONNECTOR_URL: 'http://openaev.internal',
    });
    const env = (place: Place): Readonly<Record<string, string>> =>
      Object.fromEntries(place.settings.environment(record(place.platform)).env.map(({ key, value }) => [key, value]));
    expect(env(openaev)).toEqual({
      OPENCTI_URL: 'http://opencti:8080',
      OPENAEV_URL: 'http://openaev.internal',
      OPENCTI_CONFIG_HASH: 'h1',
      HTTPS_PROXY: 'http://aev-proxy:3128',
      NODE_TLS_REJECT_UNAUTHORIZED: '0',
    });
    expect(env(opencti)).toEqual({
      OPENCTI_URL: 'http://opencti:8080',
      OPENAEV_URL: 'http://openaev.internal',
      OPENCTI_CONFIG_HASH: 'h1',
      HTTP_PROXY: 'http://cti-proxy:3128',
    });
  });

  test('nothing of the other platform where that is not wanted', async () => {
    const { openaev } = await places({ MANAGER__INJECT_ALL_PLATFORM_URLS: 'false', OPENAEV__LOGS_SCHEDULE: '25' });
    const keys = openaev.settings.environment(record('openaev')).env.map(({ key }) => key);
    expect(keys).toEqual(['OPENAEV_URL', 'OPENCTI_CONFIG_HASH']);
    expect(openaev.settings.cadence.logs).toBe(25_000);
  });

  test('a change in one section rolls out on its platform alone', async () => {
    const before = await places();
    const after = await places({ OPENAEV__DAEMON__DOCKER__NETWORK_MODE: 'other' });
    const hash = (place: Place) => place.settings.specHash('vendor/connector:1');
    expect(hash(after.opencti)).toBe(hash(before.opencti));
    expect(hash(after.openaev)).not.toBe(hash(before.openaev));
  });
});

test('requests to OpenAEV go the way its own section says', async () => {
  const proxy = await serve(json({}, 502));
  closing.push(() => proxy.close());
  const { openaev } = await places({
    OPENAEV__URL: 'http://openaev.invalid:8081',
    OPENAEV__WITH_PROXY: 'true',
    OPENAEV__HTTP_PROXY: `http://127.0.0.1:${proxy.port}`,
  });
  await expect(openaev.client.version(never)).rejects.toBeInstanceOf(Problem);
  expect(proxy.received.map((r) => [r.url, r.headers.authorization])).toEqual([
    ['http://openaev.invalid:8081/api/settings/version', 'Bearer token-2'],
  ]);
});

test('a plan names no container without a platform as an orphan where there are two', async () => {
  const runtime = fakeRuntime();
  const plant = (name: string, labels: RuntimeObject['labels']) =>
    runtime.plant({ name, labels: { [managerLabel]: 'm1', [connectorLabel]: `id-${name}`, ...labels } });
  plant('legacy', {});
  plant('theirs', { [platformLabel]: 'opencti' });
  plant('gone', { [platformLabel]: 'openaev' });
  const { openaev } = await places();
  const client = { ...openaev.client, list: () => Promise.resolve({ records: [], skipped: [], complete: true }) };
  const site = makeSite(client, runtime, openaev.settings, log, Date.now);
  const { planned } = await dryRun(site, undefined, Date.now, never);
  expect(planned.map(({ name, action }) => [name, action])).toEqual([['gone', 'orphan']]);
});
