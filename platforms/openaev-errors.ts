import { benign, permanent, retryable, type Problem } from '../model/errors.ts';
import { fieldOf } from './graphql.ts';
import { place, strangeAnswer, type Target } from './reach.ts';

export type Operation = 'version' | 'register' | 'ping' | 'list' | 'status' | 'logs' | 'health';

/** The oldest release with the calls for a manager. */
export const oldestVersion = '2.1.0';

const verbs: Readonly<Record<Operation, string>> = {
  version: 'tell its version',
  register: 'register this manager',
  ping: 'take the sign of life',
  list: 'list the connector instances',
  status: 'take the status',
  logs: 'take the log lines',
  health: 'take the health',
};

/** Right an operation needs, on the resource CATALOG but for `version`. */
const rights: Readonly<Record<Operation, string>> = {
  version: 'ACCESS_PLATFORM_SETTINGS',
  register: 'WRITE on CATALOG (MANAGE_TENANT_SETTINGS)',
  ping: 'WRITE on CATALOG (MANAGE_TENANT_SETTINGS)',
  list: 'READ on CATALOG (ACCESS_TENANT_SETTINGS)',
  status: 'WRITE on CATALOG (MANAGE_TENANT_SETTINGS)',
  logs: 'WRITE on CATALOG (MANAGE_TENANT_SETTINGS)',
  health: 'WRITE on CATALOG (MANAGE_TENANT_SETTINGS)',
};

const ofInstance = (operation: Operation): boolean => ['status', 'logs', 'health'].includes(operation);

/**
 * Turns a reply that is no success into the problem it means. OpenAEV uses real HTTP statuses; of the body only what it
 * is recognised by is read, and nothing of it is quoted, as it may repeat what was sent.
 */
export function refusal(
  status: number,
  text: string,
  contentType: string | null,
  operation: Operation,
  target: Target,
): Problem {
  const body = parsed(text);
  const refuses = `${target.title} at ${place(target.url)} does not ${verbs[operation]}`;
  const message = fieldOf(body, 'message');
  const told = typeof message === 'string' ? message : '';
  if (typeof body !== 'object' || body === null) {
    // Spring answers some refusals without a body; with another one it is not OpenAEV that speaks.
    if (text.trim() !== '') return strangeAnswer(target, status, contentType);
  }
  switch (status) {
    case 400:
      if (['ping', 'list', 'status', 'logs', 'health'].includes(operation) && isWrongManager(told, operation))
        return benign('Gone', `${refuses}: another manager is registered, or none`);
      return operation === 'register'
        ? permanent('InvalidConfiguration', `${refuses}: it does not take manager.id, manager.name or the public key`)
        : permanent('RequestRefused', `${refuses}: it finds the content invalid`);
    case 401:
      return permanent('NotPermitted', `${refuses}: it does not know the token; check ${target.section}.token`);
    case 403:
      return permanent('NotPermitted', `${refuses}: the token lacks the right ${rights[operation]}`);
    case 404:
    case 405:
      return absent(status, told, refuses, operation, target);
    case 409:
      return retryable('PlatformUnavailable', `${refuses}: something else changed the instance at the same moment`);
    case 413:
      return permanent('RequestRefused', `${refuses}: the request is larger than it allows`);
    case 500:
      // What a ping gets before any manager was registered.
      if (operation === 'ping') return benign('Gone', `${refuses}: no manager is registered`);
      break;
    default:
  }
  return retryable('PlatformUnavailable', `${refuses}: it answers status ${status}`);
}

/** Newer servers say so; older ones answer a default error object, and these calls have nothing else to find fault with. */
const isWrongManager = (message: string, operation: Operation): boolean =>
  /xtm-composer identifier/i.test(message) ||
  ((operation === 'ping' || operation === 'list') && !/invalid value/i.test(message));

function absent(status: number, message: string, refuses: string, operation: Operation, target: Target): Problem {
  if (status === 404 && ofInstance(operation) && /element not found/i.test(message))
    return benign('Gone', `${refuses}: it does not know this connector instance any more`);
  if (operation === 'logs' || operation === 'health')
    return benign('FeatureMissing', `${refuses}: this version has no such call`);
  if (operation === 'status') return benign('Gone', `${refuses}: it does not know this connector instance any more`);
  if (operation === 'version')
    return permanent('NotPermitted', `${refuses}: check ${target.section}.url, or the token lacks ${rights.version}`);
  return permanent(
    'NotPermitted',
    `${refuses}: the token lacks the right ${rights[operation]}, or its version is older than ${oldestVersion}`,
  );
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}
