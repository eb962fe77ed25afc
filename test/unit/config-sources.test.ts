import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { loadConfig } from '../../config/load.ts';
import { effective } from '../../config/print.ts';
import { readConfig } from '../../config/read.ts';
import { platformsConfigured } from '../../config/sources.ts';
import { folderWith } from './config-support.ts';

const origin = (reading: ReturnType<typeof readConfig>, path: string): string | undefined =>
  effective(reading).find((row) => row.path === path)?.origin;

const repository = new URL('../../', import.meta.url).pathname;

describe('precedence', () => {
  const files = {
    'config/default.yaml':
      'manager: {name: from default, id: d, execute_schedule: 11, log_tail_lines: 7, previous_ids: [a, b]}',
    'config/production.toml': '[manager]\nid = "p"\nexecute_schedule = 12\nprevious_ids = ["c"]\n',
    'config/staging.json': '{"manager":{"id":"s"}}',
  };

  it('goes from the defaults over both files to the environment, and tells which', () => {
    const reading = readConfig({ cwd: folderWith(files), env: { MANAGER__EXECUTE_SCHEDULE: '13' } });
    expect(reading.problems).toEqual([]);
    expect(reading.config.manager).toMatchObject({
      name: 'from default',
      id: 'p',
      execute_schedule: 13,
      previous_ids: ['c'],
      ping_alive_schedule: 60,
    });
    expect(origin(reading, 'manager.name')).toBe('config/default.yaml');
    expect(origin(reading, 'manager.id')).toBe('config/production.toml');
    expect(origin(reading, 'manager.execute_schedule')).toBe('environment MANAGER__EXECUTE_SCHEDULE');
    expect(origin(reading, 'manager.ping_alive_schedule')).toBe('default');
  });
  it('takes the mode from COMPOSER_ENV', () => {
    const cwd = folderWith(files);
    expect(readConfig({ cwd, env: { COMPOSER_ENV: 'staging' } }).config.manager.id).toBe('s');
    expect(readConfig({ cwd, env: { COMPOSER_ENV: 'none' } }).config.manager.id).toBe('d');
    expect(readConfig({ cwd, env: { COMPOSER_ENV: '../x' } }).problems[0]?.path).toBe('COMPOSER_ENV');
  });
  it('reads one named file in place of both', () => {
    const cwd = folderWith({ ...files, 'own.yml': 'manager: {id: own}', 'other.json': '{"manager":{"id":"other"}}' });
    const named = readConfig({ cwd, env: { CADENZA_CONFIG: 'own.yml' } });
    expect(named.config.manager).toMatchObject({ id: 'own', name: 'Filigran connector manager' });
    expect(origin(named, 'manager.id')).toBe('own.yml');
    expect(readConfig({ cwd, env: { CADENZA_CONFIG: 'own.yml' }, file: 'other.json' }).config.manager.id).toBe('other');
    expect(readConfig({ cwd, env: {}, file: 'missing.yaml' }).problems).toEqual([
      expect.objectContaining({ path: 'missing.yaml', reason: 'cannot be read (no such file)' }),
    ]);
  });
  it('lets an empty variable take back what a file sets', () => {
    const cwd = folderWith({ 'config/default.yaml': 'opencti: {http_proxy: "http://p:1", logs_schedule: 20}' });
    const reading = readConfig({ cwd, env: { OPENCTI__HTTP_PROXY: '', OPENCTI__LOGS_SCHEDULE: '' } });
    expect(reading.config.opencti.http_proxy).toBeUndefined();
    expect(reading.config.opencti.logs_schedule).toBe(10);
    expect(origin(reading, 'opencti.http_proxy')).toBe('environment OPENCTI__HTTP_PROXY (empty)');
  });
  it('keeps the lower keys of a section that is empty above', () => {
    const cwd = folderWith({
      'config/default.yaml': 'opencti: {daemon: {docker: {network_mode: n}}}',
      'config/production.yaml': 'opencti:\n  daemon:\n    docker:\n',
    });
    expect(readConfig({ cwd, env: {} }).config.opencti.daemon.docker.network_mode).toBe('n');
  });
});

describe('files', () => {
  it.each(['yaml', 'yml', 'json', 'toml'])('reads .%s', (ext) => {
    const text = ext === 'toml' ? '[manager]\nid = "x"\n' : '{"manager": {"id": "x"}}';
    expect(readConfig({ cwd: folderWith({ [`config/default.${ext}`]: text }), env: {} }).config.manager.id).toBe('x');
  });
  it.each(['json5', 'ron', 'ini'])('refuses .%s alone, and ignores it beside another with a warning', (ext) => {
    const alone = readConfig({ cwd: folderWith({ [`config/default.${ext}`]: '' }), env: {} });
    expect(alone.problems).toEqual([
      expect.objectContaining({ path: `config/default.${ext}`, reason: 'has a format that is not read' }),
    ]);
    const beside = readConfig({
      cwd: folderWith({ [`config/default.${ext}`]: '', 'config/default.yaml': '' }),
      env: {},
    });
    expect(beside.problems).toEqual([]);
    expect(beside.warnings).toEqual([`config/default.${ext} is not read: config/default.yaml is`]);
  });
  it.each([
    ['yaml', 'manager:\n  id: [geheim', /^is not valid YAML at line 2, column \d+ \(.*\)$/],
    ['yaml', 'a: "geheim\nb: 1', /^is not valid YAML at line 2/],
    ['yaml', 'manager: *geheim', /^is not valid YAML \(an alias/],
    ['json', '{"manager": {"id": geheim}}', /^is not valid JSON/],
    ['toml', 'manager = geheim', /^is not valid TOML at line 1, column \d+$/],
    ['yaml', '- geheim', /^holds no sections$/],
  ])('says where %s is broken, without quoting it: %j', (ext, text, reason) => {
    const { problems } = readConfig({ cwd: folderWith({ [`config/default.${ext}`]: text }), env: {} });
    expect(problems).toHaveLength(1);
    expect(problems[0]?.reason).toMatch(reason);
    expect(JSON.stringify(problems)).not.toContain('geheim');
  });
  it('refuses numbers of TOML where a text belongs, for they are rounded', () => {
    const cwd = folderWith({
      'config/default.toml': 'manager.name = 1.50\nmanager.id = 12\nmanager.orphans.guard_ratio = 0.3\n',
    });
    const { config, problems } = readConfig({ cwd, env: {} });
    expect(problems).toEqual([
      expect.objectContaining({
        path: 'manager.name',
        reason: 'is a number or date where a text belongs',
        fix: 'put it in quotes',
      }),
    ]);
    expect(config.manager).toMatchObject({ id: '12', orphans: { guard_ratio: 0.3 } });
  });
  it('keeps numbers of JSON as written', () => {
    const cwd = folderWith({
      'config/default.json': '{"manager": {"name": 1.50, "id": "a \\"1\\" b", "execute_schedule": 5}}',
    });
    expect(readConfig({ cwd, env: {} }).config.manager).toMatchObject({
      name: '1.50',
      id: 'a "1" b',
      execute_schedule: 5,
    });
  });
  it('follows anchors, and refuses those that multiply without end', () => {
    const cwd = folderWith({ 'config/default.yaml': 'opencti: &p {token: abc}\nopenaev: *p\n' });
    expect(readConfig({ cwd, env: {} }).config.openaev.token).toBe('abc');
    const lines = ['a0: &a0 [x,x,x,x,x,x,x,x,x]'];
    for (let i = 1; i < 9; i++)
      lines.push(
        `a${i}: &a${i} [${Array(9)
          .fill(`*a${i - 1}`)
          .join(',')}]`,
      );
    const bomb = readConfig({ cwd: folderWith({ 'config/default.yaml': lines.join('\n') }), env: {} });
    expect(bomb.problems[0]?.reason).toContain('too many aliases');
  });
  it('warns of unknown keys with the nearest known one, and of a value in place of a section', () => {
    const cwd = folderWith({
      'config/default.yaml':
        'manger: {id: geheim}\nmirror: {anything: 1}\nopenaev: 3\nopencti:\n  tokn: geheim\n  daemon:\n    network_mode: n\n    docker: {network_mod: n}\n',
    });
    const { warnings, problems } = readConfig({ cwd, env: {} });
    expect(warnings).toEqual([
      'config/default.yaml: manger is not known and has no effect; the nearest known key is manager',
      'config/default.yaml: opencti.tokn is not known and has no effect; the nearest known key is opencti.token',
      'config/default.yaml: opencti.daemon.network_mode is not known and has no effect; the nearest known key is opencti.daemon.docker.network_mode',
      'config/default.yaml: opencti.daemon.docker.network_mod is not known and has no effect; the nearest known key is opencti.daemon.docker.network_mode',
    ]);
    expect(problems).toEqual([expect.objectContaining({ path: 'openaev', reason: 'is not a section' })]);
  });
  it('ships a default file that says nothing else than the built-in defaults', () => {
    const shipped = readConfig({ cwd: repository, env: {} });
    expect(shipped.problems).toEqual([]);
    expect(shipped.warnings).toEqual([]);
    expect(shipped.config).toEqual(readConfig({ cwd: folderWith({}), env: {} }).config);
    expect(readFileSync(`${repository}config/default.yaml`, 'utf8')).toContain('opencti:');
  });
});

describe('variables of other programs', () => {
  const base = { OPENCTI__DAEMON__SELECTOR: 'docker' };
  it('takes DOCKER_HOST for platforms that use an engine and name none', () => {
    const env = { ...base, DOCKER_HOST: 'tcp://host:2375' };
    const reading = readConfig({ cwd: folderWith({}), env });
    expect(reading.config.opencti.daemon.docker.host).toBe('tcp://host:2375');
    expect(origin(reading, 'opencti.daemon.docker.host')).toBe('environment DOCKER_HOST');
    expect(reading.config.openaev.daemon.docker.host).toBeUndefined();
    const own = readConfig({ cwd: folderWith({}), env: { ...env, OPENCTI__DAEMON__DOCKER__HOST: 'unix:///own' } });
    expect(own.config.opencti.daemon.docker.host).toBe('unix:///own');
  });
  it('takes the files of DOCKER_CERT_PATH when DOCKER_TLS_VERIFY is set', () => {
    const folder = folderWith({ 'ca.pem': 'x', 'key.pem': 'x' });
    const env = { ...base, DOCKER_HOST: 'tcp://host:2376', DOCKER_CERT_PATH: folder };
    expect(readConfig({ cwd: folder, env }).config.opencti.daemon.docker.tls).toEqual({});
    expect(
      readConfig({ cwd: folder, env: { ...env, DOCKER_TLS_VERIFY: '1' } }).config.opencti.daemon.docker.tls,
    ).toEqual({
      ca: `${folder}/ca.pem`,
      key: `${folder}/key.pem`,
    });
  });
  it("takes Temporal's variables where its section sets nothing", () => {
    const env = { TEMPORAL_ADDRESS: 'there:1', TEMPORAL_NAMESPACE: 'ns', TEMPORAL_API_KEY: 'k' };
    expect(readConfig({ cwd: folderWith({}), env }).config.temporal).toMatchObject({
      address: 'there:1',
      namespace: 'ns',
      api_key: 'k',
    });
    expect(
      readConfig({ cwd: folderWith({}), env: { ...env, TEMPORAL__ADDRESS: 'here:1' } }).config.temporal.address,
    ).toBe('here:1');
  });
});

describe('sandbox', () => {
  const decide = (env: Record<string, string>, files: Record<string, string> = {}): boolean =>
    platformsConfigured({ cwd: folderWith(files), env });
  it('stands in only when nobody set a URL or token', () => {
    expect(platformsConfigured({ cwd: repository, env: {} })).toBe(false);
    expect(decide({})).toBe(false);
    expect(decide({ MANAGER__ID: 'x', OPENCTI__DAEMON__SELECTOR: 'docker', OPENCTI__TOKEN: '' })).toBe(false);
    expect(
      decide({}, { 'config/production.yaml': 'opencti: {url: "http://host.docker.internal:4000", token: ChangeMe}' }),
    ).toBe(false);
    expect(decide({ OPENCTI__URL: 'http://x' })).toBe(true);
    expect(decide({ OPENAEV__TOKEN: 'x' })).toBe(true);
    expect(decide({ OPENCTI__TOKEN: 'ChangeMe' })).toBe(true);
    expect(decide({}, { 'config/production.yaml': 'openaev: {url: "http://x"}' })).toBe(true);
    expect(decide({}, { 'config/production.yaml': 'openaev: [' })).toBe(true);
  });
  it('leaves a section that is set but unusable to be refused', () => {
    const loaded = loadConfig({ cwd: folderWith({}), env: { OPENCTI__URL: 'http://x' } });
    expect(loaded.ok).toBe(false);
  });
});

describe('shapes that would be lost or do harm', () => {
  it('warns of a path written on one line', () => {
    const { warnings, config } = readConfig({
      cwd: folderWith({ 'config/default.yaml': 'opencti.url: http://a\nmanager: {logger.level: debug, no.such: 1}' }),
      env: {},
    });
    expect(config.manager.logger.level).toBe('info');
    expect(warnings).toEqual([
      'config/default.yaml: opencti.url is written on one line and has no effect; put each level below the one before it',
      'config/default.yaml: manager.logger.level is written on one line and has no effect; put each level below the one before it',
      expect.stringContaining('manager.no.such is not known and has no effect'),
    ]);
  });
  it('leaves dots in the names of a table alone', () => {
    const yaml = 'opencti: {daemon: {docker: {sysctls: {net.core.somaxconn: 010}}}}';
    const { warnings, config } = readConfig({ cwd: folderWith({ 'config/default.yaml': yaml }), env: {} });
    expect(warnings).toEqual([]);
    expect(config.opencti.daemon.docker.sysctls).toEqual({ 'net.core.somaxconn': '010' });
  });
  const deep = `{"a":${'['.repeat(60_000)}${']'.repeat(60_000)}}`;
  it.each([
    ['a JSON file', {}, { 'config/default.json': deep }, 'config/default.json'],
    ['a YAML file', {}, { 'config/default.yaml': deep }, 'config/default.yaml'],
    ['a list', { MANAGER__PREVIOUS_IDS: deep.slice(5, -1) }, {}, 'manager.previous_ids'],
    ['a table', { OPENCTI__DAEMON__DOCKER__SYSCTLS: deep }, {}, 'opencti.daemon.docker.sysctls'],
    [
      'an object',
      { OPENCTI__DAEMON__KUBERNETES__BASE_DEPLOYMENT: deep },
      {},
      'opencti.daemon.kubernetes.base_deployment',
    ],
  ])('refuses %s nested without end', (_, env, files, path) => {
    expect(readConfig({ cwd: folderWith(files as Record<string, string>), env }).problems.map((p) => p.path)).toEqual([
      path,
    ]);
  });
});
