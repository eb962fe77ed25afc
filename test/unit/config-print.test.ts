import { readFileSync } from 'node:fs';
import { format, resolveConfig } from 'prettier';
import { expect, it } from 'vitest';
import { effective, effectiveText } from '../../config/print.ts';
import { readConfig } from '../../config/read.ts';
import { withReference } from '../../config/reference.ts';
import { allKeys } from '../../config/sources.ts';
import { masked } from '../../model/mask.ts';
import { folderWith, privateKey } from './config-support.ts';

const rowsOf = (env: Record<string, string>, files: Record<string, string> = {}) =>
  effective(readConfig({ cwd: folderWith(files), env }));

it('shows every key once, with its variable, value and origin', () => {
  const rows = rowsOf({ OPENCTI__DAEMON__DOCKER__DNS__0: 'a' });
  expect(rows.map((row) => row.path)).toEqual(allKeys.map((key) => key.path));
  expect(new Set(rows.map((row) => row.env)).size).toBe(rows.length);
  expect(rows.find((row) => row.path === 'opencti.daemon.docker.dns')).toEqual({
    path: 'opencti.daemon.docker.dns',
    env: 'OPENCTI__DAEMON__DOCKER__DNS',
    value: ['a'],
    origin: 'environment OPENCTI__DAEMON__DOCKER__DNS__*',
  });
  expect(rows.find((row) => row.path === 'opencti.daemon.docker.host')).toMatchObject({
    value: null,
    origin: 'default',
  });
});

it('names all sources of a table, and marks values that were refused', () => {
  const sysctls = 'OPENCTI__DAEMON__DOCKER__SYSCTLS';
  const rows = rowsOf(
    { [`${sysctls}__A`]: '1', MANAGER__EXECUTE_SCHEDULE: 'x' },
    { 'config/default.yaml': 'opencti: {daemon: {docker: {sysctls: {b: 2}}}}' },
  );
  expect(rows.find((row) => row.env === sysctls)).toMatchObject({
    value: { b: '2', a: '1' },
    origin: `config/default.yaml, environment ${sysctls}__A`,
  });
  expect(rows.find((row) => row.env === 'MANAGER__EXECUTE_SCHEDULE')).toMatchObject({
    value: 10,
    origin: 'default (the value given is not valid)',
  });
});

it('shows no secret', () => {
  const base = {
    spec: {
      env: [
        { name: 'MY_TOKEN', value: 'geheim' },
        { name: 'OPEN', value: 'seen' },
      ],
      password: 'geheim',
    },
  };
  const env: Record<string, string> = {
    MANAGER__CREDENTIALS_KEY: privateKey,
    MANAGER__CREDENTIALS_KEY_FILEPATH: privateKey,
    OPENCTI__HTTP_PROXY: 'http://u:geheim@p:1',
    OPENCTI__DAEMON__DOCKER__HOST: 'tcp://u:geheim@h:1',
    OPENCTI__DAEMON__KUBERNETES__BASE_DEPLOYMENT: JSON.stringify(base),
    OPENCTI__DAEMON__KUBERNETES__BASE_DEPLOYMENT_JSON: JSON.stringify(base),
    TEMPORAL__PAYLOAD_ENCRYPTION_PREVIOUS_KEYS: Buffer.alloc(32, 'geheim').toString('base64'),
  };
  for (const key of allKeys) if (key.info.secret && key.info.form === 'text') env[key.env] ??= 'geheim';
  const rows = rowsOf(env);
  const text = `${effectiveText(rows)}\n${JSON.stringify(rows)}`;
  expect(text).not.toContain('geheim');
  expect(text).not.toContain(privateKey.slice(40, 80));
  expect(text).not.toContain(env['TEMPORAL__PAYLOAD_ENCRYPTION_PREVIOUS_KEYS']);
  expect(text).toContain('seen');
  expect(rows.find((row) => row.path === 'opencti.token')?.value).toBe(masked);
});

it('prints a table of what has a value', () => {
  const text = effectiveText(rowsOf({ MANAGER__ID: 'own' }));
  expect(text).toMatch(/^manager\.id +own +environment MANAGER__ID$/m);
  expect(text).not.toContain('opencti.daemon.docker.host');
});

it('is documented as it is', async () => {
  const file = new URL('../../docs/configuration.md', import.meta.url).pathname;
  const page = readFileSync(file, 'utf8');
  const options = await resolveConfig(file);
  expect(page, 'run: npx tsx config/reference.ts').toBe(
    await format(withReference(page), { ...options, parser: 'markdown' }),
  );
});

it.each([
  ['user:geheim@registry.example.com', `${masked}@registry.example.com`],
  ['https://user:geheim@registry.example.com', `https://${masked}@registry.example.com`],
  ['registry.example.com:5000/proxy', 'registry.example.com:5000/proxy'],
  ['opencti/connector:1@sha256:ab', 'opencti/connector:1@sha256:ab'],
])('hides credentials in the address %s', (server, value) => {
  const rows = rowsOf({ OPENCTI__DAEMON__REGISTRY__SERVER: server });
  expect(rows.find((row) => row.path === 'opencti.daemon.registry.server')?.value).toBe(value);
});
