/** A sandbox on a free port, and the few lines that speak to it; nothing here is shared with the product's own client. */
import { constants, createDecipheriv, generateKeyPairSync, type KeyObject, privateDecrypt } from 'node:crypto';
import { afterEach } from 'vitest';
import { type Sandbox, type SandboxOptions, startSandbox } from '../../sandbox/server.ts';

export const adminToken = 'admin-token-for-tests';

const running: Sandbox[] = [];
afterEach(async () => {
  await Promise.all(running.splice(0).map((sandbox) => sandbox.close()));
});

export async function sandboxWith(options: Partial<SandboxOptions> = {}): Promise<Sandbox> {
  const sandbox = await startSandbox({ token: adminToken, ...options });
  running.push(sandbox);
  return sandbox;
}

interface GraphqlError {
  readonly message: string;
  readonly path?: readonly string[];
  readonly extensions: { readonly code: string; readonly data?: Readonly<Record<string, unknown>> };
}

// Answers come from another process' point of view: any shape is possible, and each test says which it expects.
// oxlint-disable-next-line typescript/no-explicit-any
export type Data = Record<string, any>;

export interface Answer {
  readonly status: number;
  readonly data?: Data | null;
  readonly errors?: readonly GraphqlError[];
}

export async function send(
  sandbox: Sandbox,
  query: string,
  variables: Data = {},
  token: string | undefined = adminToken,
): Promise<Answer> {
  const response = await fetch(`${sandbox.url}/graphql`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...(token === '' ? {} : { authorization: `Bearer ${token}` }) },
    body: JSON.stringify({ query, variables }),
  });
  return { status: response.status, ...((await response.json()) as Data) };
}

/** Data of an answer that must carry no error. */
export async function ask(sandbox: Sandbox, query: string, variables: Data = {}): Promise<Data> {
  const { data, errors } = await send(sandbox, query, variables);
  if (errors !== undefined || !data) throw new Error(JSON.stringify(errors));
  return data;
}

export const operations = {
  version: 'query GetVersion { about { version } }',
  register:
    'mutation RegisterConnectorsManager($input: RegisterConnectorsManagerInput!) { registerConnectorsManager(input: $input) { id about_version } }',
  ping: 'mutation UpdateConnectorManagerStatus($input: UpdateConnectorManagerStatusInput!) { updateConnectorManagerStatus(input: $input) { id about_version } }',
  list: 'query GetConnectors { connectorsForManagers { id name manager_contract_hash manager_contract_image manager_current_status manager_requested_status manager_contract_configuration { key value encrypted } } }',
  status:
    'mutation UpdateConnectorCurrentStatus($input: CurrentConnectorStatusInput!) { updateConnectorCurrentStatus(input: $input) { id manager_current_status manager_requested_status } }',
  logs: 'mutation ReportConnectorLogs($input: LogsConnectorStatusInput!) { updateConnectorLogs(input: $input) }',
  health:
    'mutation UpdateConnectorHealth($input: HealthConnectorStatusInput!) { updateConnectorHealth(input: $input) }',
  request:
    'mutation R($input: RequestConnectorStatusInput!) { updateConnectorRequestedStatus(input: $input) { id manager_requested_status } }',
  add: 'mutation A($input: AddManagedConnectorInput) { managedConnectorAdd(input: $input) { id name } }',
  edit: 'mutation E($input: EditManagedConnectorInput) { managedConnectorEdit(input: $input) { id name } }',
  reported:
    'query C($id: String!) { connector(id: $id) { name title active is_managed manager_connector_logs manager_health_metrics { restart_count started_at last_update is_in_reboot_loop } manager_connector_uptime } }',
} as const;

export interface Keys {
  readonly privateKey: KeyObject;
  readonly pkcs1: string;
  readonly spki: string;
}

export function newKeys(modulusLength = 2048): Keys {
  const { publicKey, privateKey } = generateKeyPairSync('rsa', { modulusLength });
  const pem = (type: 'pkcs1' | 'spki'): string => publicKey.export({ type, format: 'pem' }).toString();
  return { privateKey, pkcs1: pem('pkcs1'), spki: pem('spki') };
}

/** One pair for all tests that only need some key; making one is slow. */
export const sharedKeys = newKeys();

export const register = (sandbox: Sandbox, keys: Keys = sharedKeys, id = 'manager-1'): Promise<Answer> =>
  send(sandbox, operations.register, { input: { id, name: 'Test manager', public_key: keys.pkcs1 } });

export async function registered(options: Partial<SandboxOptions> = {}): Promise<Sandbox> {
  const sandbox = await sandboxWith(options);
  await register(sandbox);
  return sandbox;
}

export async function list(sandbox: Sandbox): Promise<readonly Data[]> {
  return (await ask(sandbox, operations.list))['connectorsForManagers'] as readonly Data[];
}

/** An envelope opened by the layout alone, whatever version its first byte says. */
export function open(privateKey: KeyObject, envelope: string): string {
  const bytes = Buffer.from(envelope, 'base64');
  const size = (privateKey.asymmetricKeyDetails?.modulusLength ?? 0) / 8;
  const block = bytes.subarray(1, 1 + size);
  let secret: Buffer;
  if (bytes[0] === 2) {
    secret = privateDecrypt({ key: privateKey, padding: constants.RSA_PKCS1_OAEP_PADDING, oaepHash: 'sha256' }, block);
  } else {
    const padded = privateDecrypt({ key: privateKey, padding: constants.RSA_NO_PADDING }, block);
    if (bytes[0] !== 1 || padded[1] !== 2) throw new Error('not a version 1 envelope');
    secret = padded.subarray(padded.indexOf(0, 2) + 1);
  }
  const cipher = createDecipheriv('aes-256-gcm', secret.subarray(0, 32), secret.subarray(32, 44));
  cipher.setAuthTag(bytes.subarray(-16));
  return Buffer.concat([cipher.update(bytes.subarray(1 + size, -16)), cipher.final()]).toString('utf8');
}

export const valueOf = (record: Data | undefined, key: string): Data | undefined =>
  (record?.['manager_contract_configuration'] as Data[] | undefined)?.find((entry) => entry['key'] === key);
