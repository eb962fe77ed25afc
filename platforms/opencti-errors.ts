import { benign, permanent, retryable, type Problem } from '../model/errors.ts';
import { fieldOf } from './fields.ts';
import type { Operation } from './opencti-documents.ts';
import { place, type Target } from './reach.ts';

/** The oldest release with keys and encrypted values. */
export const oldestVersion = '6.8.0';

/** Right of the token an operation needs; `version` is open to every user. */
const rights: Readonly<Record<Operation, string>> = {
  version: 'an active user',
  register: 'CONNECTORAPI',
  ping: 'CONNECTORAPI',
  list: 'SETTINGS_SETACCESSES',
  status: 'CONNECTORAPI',
  logs: 'CONNECTORAPI',
  health: 'CONNECTORAPI',
};

const verbs: Readonly<Record<Operation, string>> = {
  version: 'tell its version',
  register: 'register this manager',
  ping: 'take the sign of life',
  list: 'list the connectors',
  status: 'take the status',
  logs: 'take the log lines',
  health: 'take the health',
};

const userStates: Readonly<Record<string, string>> = {
  AUTH_REQUIRED: 'it does not know the token',
  OTP_REQUIRED: "the token's user must pass two-factor authentication",
  OTP_REQUIRED_ACTIVATION: "the token's user must activate two-factor authentication",
  PASSWORD_CHANGE_REQUIRED: "the token's user must change the password",
  LTS_REQUIRED_ACTIVATION: 'its LTS licence must be activated',
};

/**
 * Turns `errors[]` of a reply into the problem it means. OpenCTI answers status 200 with them. Only the code is quoted,
 * and no message of the server, which may repeat what was sent: known messages are recognised and said in our own words.
 */
export function refusal(errors: readonly unknown[], operation: Operation, target: Target): Problem {
  const { code, status, message } = facts(errors[0]);
  const at = `${target.title} at ${place(target.url)}`;
  const refuses = `${at} does not ${verbs[operation]}`;
  const retry = (why: string): Problem => retryable('PlatformUnavailable', `${refuses}: ${why}`);

  const userState = userStates[code];
  if (userState !== undefined || (status === 401 && code !== 'FORBIDDEN_ACCESS'))
    return permanent('NotPermitted', `${refuses}: ${userState ?? `it answers ${code}`}; check ${target.section}.token`);
  if (code === 'FORBIDDEN_ACCESS' || status === 403)
    return permanent(
      'NotPermitted',
      `${refuses}: the token lacks the right ${rights[operation]}; Cadenza needs CONNECTORAPI and SETTINGS_SETACCESSES`,
    );
  switch (code) {
    case 'GRAPHQL_VALIDATION_FAILED':
      return operation === 'logs' || operation === 'health'
        ? benign('FeatureMissing', `${refuses}: this version has no such call`)
        : tooOld(refuses);
    case 'BAD_USER_INPUT':
      return operation === 'register' ? tooOld(refuses) : refused(refuses, code);
    case 'VALIDATION_ERROR':
      return operation === 'register'
        ? permanent(
            'InvalidConfiguration',
            `${refuses}: it does not take manager.id or manager.name (2 characters or more)`,
          )
        : refused(refuses, code);
    case 'ALREADY_DELETED_ERROR':
    case 'MISSING_REFERENCE_ERROR':
    case 'RESOURCE_NOT_FOUND':
      return hasSubject(operation) ? gone(refuses, operation) : retry(code);
    case 'FUNCTIONAL_ERROR':
    case 'UNSUPPORTED_ERROR':
      return business(code, message, operation) ?? retry(code);
    case 'CLIENT_ABORT_ERROR':
      return retry(`it saw the request break off; ${target.section}.request_timeout may be too short`);
    case 'LOCK_ERROR':
      return retry('too many calls at once on the same entity');
    default:
      return retry(code === '' ? 'it answers an error without a code' : `it answers ${code}`);
  }

  function business(name: string, text: string, of: Operation): Problem | undefined {
    if (of === 'register' && /only one connector manager is supported/i.test(text))
      return permanent(
        'ManagerConflict',
        `${refuses}: another manager is registered and only one is allowed; set manager.id to its id, or have the platform's administrator remove it`,
      );
    if (/cant find element to update/i.test(text) && hasSubject(of)) return gone(refuses, of);
    if (of === 'list' && /auto-upgrade timed out/i.test(text))
      return retry('it is still upgrading its managed connectors');
    if (of === 'list' && /invalid manager contract snapshot/i.test(text))
      return retry('the stored contract of a connector is broken; edit or delete that connector on the platform');
    if (of === 'register' && name === 'FUNCTIONAL_ERROR')
      return permanent(
        'InvalidConfiguration',
        `${refuses}: it does not take manager.id, manager.name or the public key`,
      );
    return undefined;
  }
}

const hasSubject = (operation: Operation): boolean => ['ping', 'status', 'logs', 'health'].includes(operation);

const gone = (refuses: string, operation: Operation): Problem =>
  benign(
    'Gone',
    `${refuses}: it does not know this ${operation === 'ping' ? 'manager any more' : 'connector any more'}`,
  );

const tooOld = (refuses: string): Problem =>
  permanent(
    'InvalidConfiguration',
    `${refuses}: its version is older than ${oldestVersion}, the oldest Cadenza works with`,
  );

const refused = (refuses: string, code: string): Problem =>
  permanent('RequestRefused', `${refuses}: it finds the content invalid (${code})`);

interface Facts {
  /** `''` when there is none. */
  readonly code: string;
  readonly status: number;
  /** To recognise, never to show. */
  readonly message: string;
}

function facts(error: unknown): Facts {
  const extensions = fieldOf(error, 'extensions');
  const code = fieldOf(extensions, 'code');
  const status = fieldOf(fieldOf(extensions, 'data'), 'http_status');
  const message = fieldOf(error, 'message');
  return {
    code: typeof code === 'string' && /^[A-Z_]{1,64}$/.test(code) ? code : '',
    status: typeof status === 'number' ? status : 0,
    message: typeof message === 'string' ? message : '',
  };
}
