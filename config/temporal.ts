import { z } from 'zod';
import { filledText, flagOr, key, secret, text, textOr } from './leaf.ts';

/** Host and port; Temporal's own variable of this meaning holds no scheme either. */
const address = z
  .string()
  .trim()
  .regex(/^[^\s/]+$/, 'is no host and port');

/** 32 bytes. */
export const aesKey = z
  .string()
  .trim()
  .regex(/^[A-Za-z0-9+/]{43}=$/, 'is not 32 bytes in Base64');
const aesExpects = '32 bytes in Base64 (openssl rand -base64 32)';

/** Where the Temporal server is, and how it is reached. */
export const temporal = z.strictObject({
  address: key(address.default('localhost:7233'), 'Address of the Temporal server; else TEMPORAL_ADDRESS.', {
    expects: 'host:port',
  }),
  namespace: textOr('default', 'Namespace; else TEMPORAL_NAMESPACE.'),
  task_queue: filledText('cadenza', 'Prefix of the task queues (-main, -runtime-...).'),
  api_key: text('API key; else TEMPORAL_API_KEY. Implies TLS.', secret),
  tls: z.strictObject({
    enable: flagOr(false, 'Speak TLS.'),
    ca: text("The server's CA, PEM or path.", { expects: 'PEM text or a path' }),
    cert: text('Own certificate, PEM or path.', { expects: 'PEM text or a path' }),
    key: text('Its key, PEM or path.', { ...secret, expects: 'PEM text or a path' }),
    server_name: text('Name expected in the certificate of the server.'),
  }),
  payload_encryption_key: key(aesKey.optional(), 'Encrypts what Temporal stores of workflows (AES-256-GCM).', {
    ...secret,
    expects: aesExpects,
  }),
  payload_encryption_key_filepath: text('File with that key. It wins if both are set.', { expects: 'a path' }),
  payload_encryption_previous_keys: key(
    z.array(aesKey).readonly().default([]),
    'Former keys, for reading what was written with them.',
    {
      ...secret,
      form: 'list',
      expects: `a list of ${aesExpects}`,
    },
  ),
});
