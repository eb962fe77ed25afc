import { expect, it } from 'vitest';
import { isSensitive, masked } from '../../model/mask.ts';

it.each([
  'OPENCTI_TOKEN',
  'OPENAEV_TOKEN',
  'token',
  'CLIENT_SECRET_ID',
  'DB_PASSWORD',
  'passwd',
  'SSH_PASSPHRASE',
  'API_KEY',
  'apikey',
  'SHODAN_APIKEY_2',
  'PRIVATE_KEY_PATH',
  'AWS_CREDENTIALS',
  'LICENCE_KEY',
  'IMAP_PWD',
  'SMTP_PASS',
  'HTTP_PROXY',
  'https_proxy',
])('%s is never shown', (key) => expect(isSensitive(key)).toBe(true));

it.each([
  'OPENCTI_URL',
  'CONNECTOR_ID',
  'KEYWORDS',
  'PASS_THROUGH',
  'NO_PROXY',
  'MY_HTTP_PROXY',
  'CONNECTOR_LOG_LEVEL',
  'KEY',
  '',
])('%j may be shown', (key) => expect(isSensitive(key)).toBe(false));

it('is replaced by one text everywhere', () => expect(masked).toBe('***REDACTED***'));
