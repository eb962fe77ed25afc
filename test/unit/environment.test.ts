import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { caPath, connectorEnvironment, connectorProxies, type EnvironmentInput } from '../../model/environment.ts';

const entry = (key: string, value = 'v', encrypted = false) => ({ key, value, encrypted });
const input = (more: Partial<EnvironmentInput> = {}): EnvironmentInput => ({
  entries: [],
  contractHash: 'h1',
  urls: { opencti: 'http://opencti:8080' },
  ...more,
});
const pairs = (more: Partial<EnvironmentInput>): string[] =>
  connectorEnvironment(input(more)).variables.map(({ key, value }) => `${key}=${value}`);
const proxy = (more: Partial<NonNullable<EnvironmentInput['proxy']>> = {}) => ({
  values: { http: 'http://p:1', https: 'http://p:2', no: 'localhost' },
  ca: false,
  rejectUnauthorized: true,
  ...more,
});
const tail = ['OPENCTI_URL=http://opencti:8080', 'OPENCTI_CONFIG_HASH=h1'];
const caVariables = ['SSL_CERT_FILE', 'REQUESTS_CA_BUNDLE', 'NODE_EXTRA_CA_CERTS', 'CURL_CA_BUNDLE'];

test('everything at once has the documented order', () =>
  expect(
    pairs({
      entries: [entry('B', '1'), entry('A', '')],
      urls: { opencti: 'http://c', openaev: 'http://a' },
      proxy: proxy({ ca: true, rejectUnauthorized: false }),
    }),
  ).toEqual([
    'B=1',
    'A=',
    'OPENCTI_URL=http://c',
    'OPENAEV_URL=http://a',
    'OPENCTI_CONFIG_HASH=h1',
    'HTTP_PROXY=http://p:1',
    'HTTPS_PROXY=http://p:2',
    'NO_PROXY=localhost',
    ...caVariables.map((key) => `${key}=${caPath}`),
    'NODE_TLS_REJECT_UNAUTHORIZED=0',
  ]));

test.each<[string, Partial<EnvironmentInput>, string[]]>([
  ['nothing but the hash', { urls: {} }, ['OPENCTI_CONFIG_HASH=h1']],
  [
    "Cadenza's URL wins, at the first place",
    { entries: [entry('OPENCTI_URL', 'x'), entry('A')] },
    [tail[0]!, 'A=v', tail[1]!],
  ],
  [
    "a URL that is not injected stays the platform's",
    { entries: [entry('OPENAEV_URL', 'x')] },
    ['OPENAEV_URL=x', ...tail],
  ],
  ["Cadenza's hash wins", { entries: [entry('OPENCTI_CONFIG_HASH', 'x')] }, [tail[1]!, tail[0]!]],
  [
    'the last of two equal keys wins, at the first place',
    { entries: [entry('A', '1'), entry('B'), entry('A', '2')] },
    ['A=2', 'B=v', ...tail],
  ],
  [
    "the platform's proxy wins",
    { entries: [entry('HTTPS_PROXY', 'x')], proxy: proxy() },
    ['HTTPS_PROXY=x', ...tail, 'HTTP_PROXY=http://p:1', 'NO_PROXY=localhost'],
  ],
  [
    "the platform's empty proxy does not",
    { entries: [entry('NO_PROXY', '')], proxy: proxy({ values: { no: 'n' } }) },
    ['NO_PROXY=n', ...tail],
  ],
  [
    "the platform's empty proxy stays empty without one of ours",
    { entries: [entry('NO_PROXY', '')], proxy: proxy({ values: {} }) },
    ['NO_PROXY=', ...tail],
  ],
  [
    'the last proxy of the record counts',
    { entries: [entry('NO_PROXY', 'a'), entry('NO_PROXY', '')], proxy: proxy({ values: { no: 'n' } }) },
    ['NO_PROXY=n', ...tail],
  ],
  [
    "the platform's CA path wins",
    { entries: [entry('SSL_CERT_FILE', '/x')], proxy: proxy({ values: {}, ca: true }) },
    ['SSL_CERT_FILE=/x', ...tail, ...caVariables.slice(1).map((key) => `${key}=${caPath}`)],
  ],
  [
    "the platform's TLS switch wins",
    { entries: [entry('NODE_TLS_REJECT_UNAUTHORIZED', '1')], proxy: proxy({ values: {}, rejectUnauthorized: false }) },
    ['NODE_TLS_REJECT_UNAUTHORIZED=1', ...tail],
  ],
  [
    'lower-case proxy names are other variables',
    { entries: [entry('http_proxy', 'x')], proxy: proxy({ values: { http: 'y' } }) },
    ['http_proxy=x', ...tail, 'HTTP_PROXY=y'],
  ],
  ['without with_proxy the platform decides alone', { entries: [entry('HTTP_PROXY', 'x')] }, ['HTTP_PROXY=x', ...tail]],
])('%s', (_name, more, expected) => expect(pairs(more)).toEqual(expected));

test('duplicates of the record are named once', () => {
  const entries = [entry('A'), entry('A'), entry('A'), entry('B'), entry('OPENCTI_URL')];
  expect(connectorEnvironment(input({ entries })).duplicates).toEqual(['A']);
});

test.each<[string, Partial<EnvironmentInput>, string, boolean]>([
  ['flagged by the platform', { entries: [entry('PLAIN', 'v', true)] }, 'PLAIN', true],
  ['flagged once of twice', { entries: [entry('PLAIN', 'v', true), entry('PLAIN')] }, 'PLAIN', true],
  ['not flagged', { entries: [entry('PLAIN')] }, 'PLAIN', false],
  ['unflagged token', { entries: [entry('OPENAEV_TOKEN')] }, 'OPENAEV_TOKEN', true],
  ['our proxy', { proxy: proxy() }, 'HTTPS_PROXY', true],
  ['our exceptions', { proxy: proxy() }, 'NO_PROXY', false],
  ['our URL', {}, 'OPENCTI_URL', false],
  ['the hash', {}, 'OPENCTI_CONFIG_HASH', false],
])('sensitive: %s', (_name, more, key, sensitive) =>
  expect(connectorEnvironment(input(more)).variables.find((v) => v.key === key)).toMatchObject({ sensitive }),
);

describe('what no process can have as a variable is refused', () => {
  test.each([
    ['an empty key', entry('', 's3cret'), 'entry 2 has an empty key'],
    ['a key with =', entry('TOKEN=s3cret', 'v'), 'entry 2 has a key with "="'],
    ['a key with NUL', entry('s3cret\0', 'v'), 'entry 2 has a key with a NUL'],
    ['a value with NUL', entry('KEY', 's3cret\0'), 'entry 2 (KEY) has a value with a NUL'],
  ])('%s', (_name, bad, message) => {
    const run = () => connectorEnvironment(input({ entries: [entry('A'), bad] }));
    expect(run).toThrow(expect.objectContaining({ kind: 'permanent', type: 'InvalidContract' }));
    expect(run).toThrow(message);
    expect(run).not.toThrow('s3cret');
  });

  test('also when a later entry would win over it', () =>
    expect(() => connectorEnvironment(input({ entries: [entry('A', '\0'), entry('A')] }))).toThrow('NUL'));
});

const names = [
  'A',
  'B',
  'X_TOKEN',
  'OPENCTI_URL',
  'OPENAEV_URL',
  'OPENCTI_CONFIG_HASH',
  'HTTP_PROXY',
  'NO_PROXY',
  ...caVariables,
];
const anyEntries = fc.array(
  fc.record({ key: fc.constantFrom(...names), value: fc.constantFrom('', '1', '2'), encrypted: fc.boolean() }),
);
const anyInput: fc.Arbitrary<EnvironmentInput> = fc.record(
  {
    entries: anyEntries,
    contractHash: fc.constant('h1'),
    urls: fc.record({ opencti: fc.constant('http://c'), openaev: fc.constant('http://a') }, { requiredKeys: [] }),
    proxy: fc.record({
      values: fc.record({ http: fc.constant('p'), no: fc.constant('n') }, { requiredKeys: [] }),
      ca: fc.boolean(),
      rejectUnauthorized: fc.boolean(),
    }),
  },
  { requiredKeys: ['entries', 'contractHash', 'urls'] },
);

test('no key occurs twice, and the record keeps its order in front', () =>
  fc.assert(
    fc.property(anyInput, (any) => {
      const keys = connectorEnvironment(any).variables.map((v) => v.key);
      const first = [...new Set(any.entries.map((e) => e.key))];
      expect(new Set(keys).size).toBe(keys.length);
      expect(keys.slice(0, first.length)).toEqual(first);
    }),
  ));

test('the values Cadenza answers for always hold, and every secret is marked', () =>
  fc.assert(
    fc.property(anyInput, (any) => {
      const { variables } = connectorEnvironment(any);
      const value = (key: string) => variables.find((v) => v.key === key)?.value;
      expect(value('OPENCTI_CONFIG_HASH')).toBe('h1');
      if (any.urls.opencti !== undefined) expect(value('OPENCTI_URL')).toBe(any.urls.opencti);
      if (any.proxy?.ca) for (const key of caVariables) expect(value(key)).not.toBe('');
      for (const v of variables) if (v.key === 'X_TOKEN' || v.key === 'HTTP_PROXY') expect(v.sensitive).toBe(true);
    }),
  ));

test('an environment fed back as a record changes nothing', () =>
  fc.assert(
    fc.property(anyInput, (any) => {
      const { variables } = connectorEnvironment(any);
      const entries = variables.map(({ key, value, sensitive }) => ({ key, value, encrypted: sensitive }));
      const again = connectorEnvironment({ ...any, entries });
      expect(again.variables.map((v) => [v.key, v.value])).toEqual(variables.map((v) => [v.key, v.value]));
    }),
  ));

test.each<[string, Parameters<typeof connectorProxies>, object]>([
  ['the section first', [{ http: 'a' }, { HTTP_PROXY: 'b', http_proxy: 'c' }], { http: 'a' }],
  ['then upper case', [{}, { HTTP_PROXY: 'b', http_proxy: 'c', NO_PROXY: 'n' }], { http: 'b', no: 'n' }],
  ['then lower case', [{ https: '' }, { HTTPS_PROXY: '', https_proxy: 'c' }], { https: 'c' }],
  ['else nothing', [{}, {}], {}],
])('proxy values: %s', (_name, [section, env], expected) => expect(connectorProxies(section, env)).toEqual(expected));
