import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { loadConfig, type LoadResult } from '../../config/load.ts';
import { masked } from '../../model/mask.ts';
import { folderWith, privateKey } from './config-support.ts';

const key = { MANAGER__CREDENTIALS_KEY: privateKey };
const opencti = { OPENCTI__URL: 'http://opencti:8080', OPENCTI__TOKEN: 'token-c', OPENCTI__DAEMON__SELECTOR: 'docker' };
const openaev = {
  OPENAEV__ENABLE: 'true',
  OPENAEV__URL: 'http://openaev:8080',
  OPENAEV__TOKEN: 'token-a',
  OPENAEV__DAEMON__SELECTOR: 'docker',
};
const load = (env: Record<string, string>, files: Record<string, string> = {}): LoadResult =>
  loadConfig({ cwd: folderWith(files), env });
const paths = (result: LoadResult): readonly string[] => (result.ok ? [] : result.problems.map((p) => p.path));

/** The environment of the compose file XTM Composer publishes. */
const published = (platform: 'OPENCTI' | 'OPENAEV', keyFile: string): Record<string, string> => ({
  MANAGER__ID: 'f32c9ab4-6b1b-4d1b-a3a3-1e9e3a2f6a10',
  MANAGER__NAME: 'XTM Integrations Manager',
  MANAGER__CREDENTIALS_KEY_FILEPATH: keyFile,
  [`${platform}__ENABLE`]: 'true',
  [`${platform}__URL`]: 'http://platform:8080',
  [`${platform}__TOKEN`]: '6b5b1e1c-0000-4000-8000-000000000000',
  [`${platform}__DAEMON__SELECTOR`]: 'docker',
  [`${platform}__DAEMON__DOCKER__NETWORK_MODE`]: 'xtm_default',
});

describe('an installation of XTM Composer', () => {
  it('loads as it is for OpenCTI', () => {
    const cwd = folderWith({ 'keys/private_key.pem': privateKey });
    const loaded = loadConfig({ cwd, env: published('OPENCTI', `${cwd}/keys/private_key.pem`) });
    expect(loaded).toMatchObject({ ok: true, platforms: ['opencti'], unusable: [] });
    expect(loaded.config.manager.name).toBe('XTM Integrations Manager');
    expect(loaded.config.opencti).toMatchObject({
      url: 'http://platform:8080',
      daemon: { selector: 'docker', docker: { network_mode: 'xtm_default', pull_policy: 'always' } },
    });
    expect(loaded.warnings).toEqual([expect.stringMatching(/^Temporal stores workflow data in clear/)]);
  });
  it('loads as it is for OpenAEV, which leaves OpenCTI enabled with placeholders', () => {
    const cwd = folderWith({ 'keys/private_key.pem': privateKey });
    const loaded = loadConfig({ cwd, env: published('OPENAEV', `${cwd}/keys/private_key.pem`) });
    expect(loaded).toMatchObject({ ok: true, platforms: ['openaev'] });
    expect(loaded.unusable).toEqual([expect.objectContaining({ platform: 'opencti' })]);
    expect(loaded.unusable[0]?.text).toContain('opencti is not managed');
    expect(loaded.unusable[0]?.problems.map((p) => p.path)).toEqual(['opencti.token']);
  });
});

describe('platforms', () => {
  it('takes both', () => {
    const loaded = load({ ...key, ...opencti, ...openaev });
    expect(loaded).toMatchObject({ ok: true, platforms: ['opencti', 'openaev'], unusable: [] });
    expect(loaded.ok && loaded.keys).toHaveLength(1);
    expect(loaded.ok && loaded.publicKeys.spki).toContain('BEGIN PUBLIC KEY');
  });
  it.each([
    ['placeholder token', { OPENCTI__TOKEN: 'ChangeMe' }, ['opencti.token']],
    ['bad URL', { OPENCTI__URL: 'opencti' }, ['opencti.url']],
    ['unknown selector', { OPENCTI__DAEMON__SELECTOR: 'podman' }, ['opencti.daemon.selector']],
    ['swarm without its section', { OPENCTI__DAEMON__SELECTOR: 'swarm' }, ['opencti.daemon.swarm']],
    [
      'portainer with its placeholder',
      { OPENCTI__DAEMON__SELECTOR: 'portainer' },
      ['opencti.daemon.portainer.api_key'],
    ],
    [
      'user without password',
      { OPENCTI__DAEMON__REGISTRY__USERNAME: 'u', OPENCTI__DAEMON__REGISTRY__SERVER: 's' },
      ['opencti.daemon.registry.password'],
    ],
    [
      'password without user',
      { OPENCTI__DAEMON__REGISTRY__PASSWORD: 'p', OPENCTI__DAEMON__REGISTRY__SERVER: 's' },
      ['opencti.daemon.registry.username'],
    ],
    [
      'credentials without server',
      { OPENCTI__DAEMON__REGISTRY__USERNAME: 'u', OPENCTI__DAEMON__REGISTRY__PASSWORD: 'p' },
      ['opencti.daemon.registry.server'],
    ],
    [
      'certificate without key',
      { OPENCTI__DAEMON__DOCKER__TLS__CERT: '-----BEGIN CERTIFICATE-----' },
      ['opencti.daemon.docker.tls.key'],
    ],
    ['bad proxy', { OPENCTI__HTTPS_PROXY: 'socks5://p' }, ['opencti.https_proxy']],
    [
      'no label value on Kubernetes',
      { OPENCTI__DAEMON__SELECTOR: 'kubernetes', MANAGER__ID: 'my manager' },
      ['manager.id'],
    ],
  ])('%s keeps the one from being managed, not the other', (_, change, expected) => {
    const loaded = load({ ...key, ...opencti, ...openaev, OPENAEV__DAEMON__INHERIT: 'false', ...change });
    expect(loaded).toMatchObject({ ok: true, platforms: ['openaev'] });
    expect(loaded.unusable.map((u) => u.problems.map((p) => p.path))).toEqual([expected]);
    const alone = load({ ...key, ...opencti, ...change });
    expect(alone.ok).toBe(false);
    expect(paths(alone)).toEqual(expected);
  });
  it.each([
    ['kubernetes without a section', {}],
    ['swarm with one key', { OPENCTI__DAEMON__SWARM__NETWORK: 'overlay' }],
    ['portainer with a key', { OPENCTI__DAEMON__PORTAINER__API_KEY: 'k' }],
  ])('takes %s', (name, env) => {
    const selector = name.split(' ')[0]!;
    expect(load({ ...key, ...opencti, OPENCTI__DAEMON__SELECTOR: selector, ...env })).toMatchObject({ ok: true });
  });
  it('refuses when none is enabled', () => {
    const loaded = load({ ...key, OPENCTI__ENABLE: 'false' });
    expect(paths(loaded)).toEqual(['opencti.enable, openaev.enable']);
  });
  it('only warns of faults in a platform that is not enabled', () => {
    const loaded = load({ ...key, ...opencti, OPENAEV__LOGS_SCHEDULE: 'x' });
    expect(loaded.ok).toBe(true);
    expect(loaded.warnings).toContain(
      'openaev.logs_schedule / OPENAEV__LOGS_SCHEDULE is not a whole number (found "x"), from environment OPENAEV__LOGS_SCHEDULE; the platform is not enabled',
    );
  });
});

describe('faults', () => {
  it('are all told at once, each with path, variable, value, reason, remedy and origin', () => {
    const loaded = load(
      {
        MANAGER__EXECUTE_SCHEDULE: '0',
        MANAGER__LOGGER__LEVEL: 'loud',
        MANAGER__REBOOT_LOOP__BACKOFF_MAX: '10',
        OPENCTI__TOKEN: 'geheim mit leerzeichen',
        OPENCTI__HTTP_PROXY: 'ftp://user:geheim@proxy',
        TEMPORAL__TLS__KEY: '-----BEGIN PRIVATE KEY-----geheim',
        TEMPORAL__PAYLOAD_ENCRYPTION_KEY: 'geheim',
      },
      { 'config/default.yaml': 'manager: {ping_alive_schedule: 4}\nopencti: {url: "http://u:geheim@host"}' },
    );
    expect(paths(loaded)).toEqual([
      'manager.execute_schedule',
      'manager.ping_alive_schedule',
      'manager.logger.level',
      'temporal.payload_encryption_key',
      'manager.reboot_loop.backoff_max',
      'temporal.tls.cert',
      'manager.credentials_key_filepath',
      'opencti.url',
      'opencti.token',
      'opencti.http_proxy',
    ]);
    if (loaded.ok) return;
    expect(loaded.problems[1]).toEqual({
      path: 'manager.ping_alive_schedule',
      env: 'MANAGER__PING_ALIVE_SCHEDULE',
      value: '4',
      reason: 'is less than 5',
      fix: 'expected a whole number of seconds from 5 to 240',
      origin: 'config/default.yaml',
    });
    expect(loaded.problems.find((p) => p.path === 'opencti.token')?.value).toBe(masked);
    expect(loaded.text).toContain('the configuration has 10 faults:');
    expect(loaded.text).toContain(`found "http://${masked}@host"`);
    expect(loaded.text).not.toContain('geheim');
  });
  it('of PEM files are told at the start, not when somebody connects', () => {
    const env = {
      ...key,
      ...opencti,
      TEMPORAL__TLS__CA: 'no/temporal.pem',
      OPENCTI__DAEMON__DOCKER__TLS__CA: 'no/docker.pem',
      OPENCTI__DAEMON__DOCKER__TLS__CERT: 'cert.pem',
      OPENCTI__DAEMON__DOCKER__TLS__KEY: 'geheim',
    };
    const loaded = load(env, { 'cert.pem': 'any' });
    expect(paths(loaded)).toEqual(['temporal.tls.ca', 'opencti.daemon.docker.tls.ca', 'opencti.daemon.docker.tls.key']);
    if (loaded.ok) return;
    expect(loaded.problems[0]).toEqual({
      path: 'temporal.tls.ca',
      env: 'TEMPORAL__TLS__CA',
      value: 'no/temporal.pem',
      reason: 'cannot be read (no such file)',
      fix: 'give PEM text, or a file that the user of this process may read',
      origin: 'environment TEMPORAL__TLS__CA',
    });
    expect(loaded.text).not.toContain('geheim');
  });
  it('of PEM files that nothing uses are none, nor is PEM text', () => {
    const text = '-----BEGIN CERTIFICATE-----';
    const env = { ...key, ...opencti, OPENCTI__DAEMON__PORTAINER__CA: 'no.pem', TEMPORAL__TLS__CA: text };
    expect(load(env)).toMatchObject({ ok: true, unusable: [] });
  });
  it.each([
    ['docker', 'OPENCTI__DAEMON__DOCKER__TLS__CA', 'opencti.daemon.docker.tls.ca'],
    ['swarm', 'OPENCTI__DAEMON__DOCKER__TLS__CA', 'opencti.daemon.docker.tls.ca'],
    ['portainer', 'OPENCTI__DAEMON__PORTAINER__CA', 'opencti.daemon.portainer.ca'],
  ])('of a PEM file of %s leave the other platform usable', (selector, name, path) => {
    const section = { OPENCTI__DAEMON__SWARM__NETWORK: 'n', OPENCTI__DAEMON__PORTAINER__API_KEY: 'k' };
    const runtime = { OPENCTI__DAEMON__SELECTOR: selector, OPENAEV__DAEMON__INHERIT: 'false' };
    const loaded = load({ ...key, ...opencti, ...openaev, ...section, ...runtime, [name]: 'no.pem' });
    expect(loaded).toMatchObject({ ok: true, platforms: ['openaev'] });
    expect(loaded.unusable.flatMap((u) => u.problems.map((p) => p.path))).toEqual([path]);
  });
  it('of the manager are fatal though a platform is usable', () => {
    expect(paths(load({ ...key, ...opencti, MANAGER__NAME: '' }))).toEqual(['manager.name']);
  });
  it('of the key are fatal', () => {
    expect(paths(load({ ...opencti, MANAGER__CREDENTIALS_KEY: 'x' }))).toEqual(['manager.credentials_key']);
  });
});

describe('warnings', () => {
  const warningsOf = (env: Record<string, string>, files: Record<string, string> = {}): string =>
    load({ ...key, MANAGER__ID: 'own', ...env }, files).warnings.join('\n');

  it.each([
    [{ MANAGER__ID: 'default-manager-id' }, 'manager.id is the shipped default'],
    [{ MANAGER__DEBUG__SHOW_ENV_VARS: '1', MANAGER__DEBUG__SHOW_SENSITIVE_ENV_VARS: '1' }, 'SECRETS ARE LOGGED'],
    [{ OPENAEV__DAEMON__DOCKER__NETWORK_MODE: 'n' }, 'openaev.daemon.docker takes effect now'],
    [{ OPENAEV__DAEMON__REGISTRY__SERVER: 's' }, 'openaev.daemon.registry takes effect now'],
    [{ MANAGER__LOGGER__DIRECTORY: 'false' }, 'manager.logger: logs go to stdout only'],
    [{ OPENCTI__WITH_PROXY: 'true', OPENCTI__NO_PROXY: 'a' }, 'opencti.no_proxy takes effect now'],
    [{ OPENCTI__WITH_PROXY: 'true', OPENCTI__HTTPS_PROXY_CA: '/ca' }, 'opencti.https_proxy_ca takes effect now'],
    [{ DOCKER_HOST: 'tcp://h:1' }, 'DOCKER_HOST takes effect now for opencti'],
    [
      { OPENCTI__DAEMON__SELECTOR: 'portainer', OPENCTI__DAEMON__PORTAINER__API_KEY: 'k' },
      'the certificate of Portainer is checked now',
    ],
    [{ REGISTRY__SERVER: 's' }, 'REGISTRY__SERVER is no setting'],
    [{ HTTPS_PROXY_CA: 's' }, 'HTTPS_PROXY_CA is no setting'],
    [{ HTTPS_PROXY_REJECT_UNAUTHORIZED: 's' }, 'HTTPS_PROXY_REJECT_UNAUTHORIZED is no setting'],
    [
      { OPENCTI__DAEMON__WITH_PROXY: 'true' },
      'OPENCTI__DAEMON__WITH_PROXY is no setting and has no effect; the name is OPENCTI__WITH_PROXY',
    ],
    [{ MANAGER_ID: 's' }, 'MANAGER_ID is no setting and has no effect; the name is MANAGER__ID'],
    [{ OPENCTI_URL: 's' }, 'OPENCTI_URL is no setting and has no effect; the name is OPENCTI__URL'],
    [{ OPENCTI_TOKEN: 'geheim' }, 'OPENCTI_TOKEN is no setting and has no effect; the name is OPENCTI__TOKEN'],
  ])('%j: %s', (env, text) => {
    expect(warningsOf({ ...opencti, ...openaev })).not.toContain(text);
    const warnings = warningsOf({ ...opencti, ...openaev, ...env });
    expect(warnings).toContain(text);
    expect(warnings).not.toContain('geheim');
  });
});

describe('workflow data', () => {
  const fresh = Buffer.alloc(32, 7);
  const loaded = (env: Record<string, string>) => load({ ...key, ...opencti, ...env });
  const inClear = (env: Record<string, string>) =>
    loaded(env).warnings.filter((w) => w.startsWith('Temporal stores workflow data in clear'));

  it('in clear is told', () => {
    expect(inClear({})).toHaveLength(1);
    expect(inClear({ TEMPORAL__PAYLOAD_ENCRYPTION_KEY: fresh.toString('base64') })).toEqual([]);
  });

  it('is encrypted with the key of the file, which wins over the text', () => {
    const file = join(mkdtempSync(join(tmpdir(), 'cadenza-config-')), 'payload.key');
    writeFileSync(file, `${fresh.toString('base64')}\n`);
    const result = loaded({
      TEMPORAL__PAYLOAD_ENCRYPTION_KEY: Buffer.alloc(32, 1).toString('base64'),
      TEMPORAL__PAYLOAD_ENCRYPTION_KEY_FILEPATH: file,
      TEMPORAL__PAYLOAD_ENCRYPTION_PREVIOUS_KEYS: Buffer.alloc(32, 2).toString('base64'),
    });
    expect(result.ok && result.codecKeys).toEqual({ current: fresh, previous: [Buffer.alloc(32, 2)] });
    writeFileSync(file, 'too short');
    expect(loaded({ TEMPORAL__PAYLOAD_ENCRYPTION_KEY_FILEPATH: file })).toMatchObject({
      ok: false,
      problems: [expect.objectContaining({ path: 'temporal.payload_encryption_key_filepath' })],
    });
    rmSync(dirname(file), { recursive: true });
  });

  it('is never written in clear because a file is missing', () => {
    const result = loaded({ TEMPORAL__PAYLOAD_ENCRYPTION_KEY_FILEPATH: 'not-there' });
    expect(result.ok).toBe(false);
    expect(!result.ok && result.text).toContain('temporal.payload_encryption_key_filepath');
  });
});

describe('sections OpenAEV takes over from OpenCTI', () => {
  const both = { ...key, ...opencti, ...openaev };
  const given = {
    OPENCTI__DAEMON__DOCKER__NETWORK_MODE: 'shared',
    OPENCTI__DAEMON__REGISTRY__SERVER: 'registry.example.com',
  };
  it('takes those it has not itself, and says so', () => {
    const loaded = load({ ...both, ...given });
    expect(loaded.config.openaev.daemon).toMatchObject({
      docker: { network_mode: 'shared' },
      registry: { server: 'registry.example.com' },
    });
    expect(loaded.warnings.filter((w) => w.includes('is used for it'))).toHaveLength(2);
    expect(loaded.warnings.join()).not.toContain('takes effect now');
  });
  it('keeps its own', () => {
    const loaded = load({ ...both, ...given, OPENAEV__DAEMON__DOCKER__DNS: '192.0.2.1' });
    expect(loaded.config.openaev.daemon.docker).toMatchObject({ dns: ['192.0.2.1'] });
    expect(loaded.config.openaev.daemon.docker.network_mode).toBeUndefined();
  });
  it('takes none when told not to', () => {
    const loaded = load({ ...both, ...given, OPENAEV__DAEMON__INHERIT: 'false' });
    expect(loaded.config.openaev.daemon.docker.network_mode).toBeUndefined();
    expect(loaded.config.openaev.daemon.registry.server).toBeUndefined();
  });
});
