import { describe, expect, test } from 'vitest';
import { proxyRule, type ProxySettings } from '../../platforms/proxy.ts';

const chosen = (target: string, settings: Partial<ProxySettings>, env = {}): string | undefined =>
  proxyRule({ withProxy: true, ...settings }, 'opencti', env)(new URL(target))?.href;

test.each<[string, string, Partial<ProxySettings>, Record<string, string>, string | undefined]>([
  ['off', 'http://x', { withProxy: false, httpProxy: 'http://p:1' }, { HTTP_PROXY: 'http://e:1' }, undefined],
  ['configured http', 'http://x', { httpProxy: 'http://p:1' }, {}, 'http://p:1/'],
  ['configured http, TLS target', 'https://x', { httpProxy: 'http://p:1' }, { HTTPS_PROXY: 'http://e:1' }, undefined],
  ['configured https', 'https://x', { httpsProxy: 'https://p:1' }, {}, 'https://p:1/'],
  ['without a scheme', 'http://x', { httpProxy: 'p:3128' }, {}, 'http://p:3128/'],
  ['environment', 'http://x', {}, { HTTP_PROXY: 'http://e:1' }, 'http://e:1/'],
  ['environment, lower case', 'https://x', {}, { https_proxy: 'http://e:1' }, 'http://e:1/'],
  [
    'environment, upper case first',
    'http://x',
    {},
    { HTTP_PROXY: 'http://a:1', http_proxy: 'http://b:1' },
    'http://a:1/',
  ],
  ['blank counts as unset', 'http://x', { httpProxy: ' ' }, { HTTP_PROXY: 'http://e:1' }, 'http://e:1/'],
  ['nothing anywhere', 'http://x', {}, {}, undefined],
  ['environment with NO_PROXY', 'http://x', {}, { HTTP_PROXY: 'http://e:1', NO_PROXY: 'x' }, undefined],
  [
    'environment with no_proxy configured',
    'http://x',
    { noProxy: 'y' },
    { HTTP_PROXY: 'http://e:1', NO_PROXY: 'x' },
    'http://e:1/',
  ],
  [
    'configured, NO_PROXY of the environment is not asked',
    'http://x',
    { httpProxy: 'http://p:1' },
    { NO_PROXY: 'x' },
    'http://p:1/',
  ],
])('%s', (_name, target, settings, env, expected) => expect(chosen(target, settings, env)).toBe(expected));

describe('no_proxy', () => {
  test.each<[string, string, boolean]>([
    ['*', 'http://x', true],
    ['opencti', 'http://opencti:8080', true],
    ['OpenCTI', 'http://opencti', true],
    ['opencti', 'http://notopencti', false],
    ['example.org', 'http://a.example.org', true],
    ['.example.org', 'http://a.example.org', true],
    ['*.example.org', 'http://a.b.example.org', true],
    ['example.org', 'http://badexample.org', false],
    ['a, b  c', 'http://c', true],
    ['x:8080', 'http://x:8080', true],
    ['x:8080', 'http://x', false],
    ['x:80', 'http://x', true],
    ['x:443', 'https://x', true],
    ['10.0.0.1', 'http://10.0.0.1', true],
    ['0.0.1', 'http://10.0.0.1', false],
    ['10.0.0.0/8', 'http://10.9.8.7', true],
    ['10.0.0.0/8', 'http://11.0.0.1', false],
    ['10.0.0.0/8', 'http://x', false],
    ['10.0.0.0/99', 'http://10.0.0.1', false],
    ['::1', 'http://[::1]:8080', true],
    ['[::1]:8080', 'http://[::1]:8080', true],
    ['fd00::/8', 'http://[fd12::1]', true],
    ['', 'http://x', false],
    [',, ,', 'http://x', false],
  ])('%s for %s: %s', (noProxy, target, direct) =>
    expect(chosen(target, { httpProxy: 'http://p:1', httpsProxy: 'http://p:1', noProxy }) === undefined).toBe(direct),
  );
});

test.each(['http://', 'socks5://s3cret:1', 'http://user:s3cret%zz@p:1', 'http://p:s3cret', 's3cret s3cret'])(
  '%s is refused unseen',
  (text) => {
    const run = () => proxyRule({ withProxy: true, httpsProxy: text }, 'opencti', {});
    expect(run).toThrow(expect.objectContaining({ type: 'InvalidConfiguration' }));
    expect(run).toThrow('opencti.https_proxy');
    expect(run).not.toThrow('s3cret');
  },
);
