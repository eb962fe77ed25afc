import { benign, permanent, retryable, type Problem } from '../model/errors.ts';
import { fieldOf } from './fields.ts';
import type { Operation } from './openaev-calls.ts';
import { place, strangeAnswer, type Target } from './reach.ts';

/** The oldest release with the calls for a manager. */
export const oldestVersion = '2.1.0';

const verbs: Readonly<Record<Operation, string>> = {
  version: 'tell its version',
  register: 'register this manager',
  ping: 'take the sign of life',
  list: 'list the connectors',
  status: 'take the status',
  logs: 'take the log lines',
  health: 'take the health',
};

const write = 'WRITE on CATALOG (MANAGE_TENANT_SETTINGS)';
const rights: Readonly<Record<Operation, string>> = {
  version: 'ACCESS_PLATFORM_SETTINGS',
  register: write,
  ping: write,
  list: 'READ on CATALOG (ACCESS_TENANT_SETTINGS)',
  status: write,
  logs: write,
  health: write,
};

export interface Answer {
  readonly status: number;
  readonly contentType: string | null;
  readonly text: string;
}

/**
 * What an answer other than 2xx means. No word of the body is quoted, which may repeat what was sent: known messages are
 * recognised.
 */
export function refusal(answer: Answer, operation: Operation, target: Target): Problem {
  const { status } = answer;
  const at = `${target.title} at ${place(target.url)}`;
  const refuses = `${at} does not ${verbs[operation]}`;
  const retry = (why: string): Problem => retryable('PlatformUnavailable', `${refuses}: ${why}`);
  if ((status >= 300 && status < 400) || status === 407 || status === 413 || !isItsOwn(answer))
    return strangeAnswer(target, status, answer.contentType);
  const reply = parsed(answer.text);
  const told = fieldOf(reply, 'message');
  const message = typeof told === 'string' ? told : '';

  switch (status) {
    case 401:
      return permanent('NotPermitted', `${refuses}: it does not know the token; check ${target.section}.token`);
    case 403:
      return notPermitted();
    case 400:
      return badRequest();
    case 404:
    case 405:
      return missing();
    case 409:
      return retry('something else changed it at the same time');
    case 429:
      return retry('too many calls');
    case 500:
      // Of a sign of life it has no other way to say that it never heard of any manager.
      return operation === 'ping' ? wrongManager() : retry('it has an error of its own (status 500)');
    default:
      return retry(`it answers status ${status}`);
  }

  function notPermitted(): Problem {
    return permanent(
      'NotPermitted',
      `${refuses}: the token lacks the right ${rights[operation]}; an administrator's token has it`,
    );
  }

  /** Older versions send an error without a message for a wrong manager id; a complaint about content always has one. */
  function badRequest(): Problem {
    if (operation === 'register')
      return permanent(
        'InvalidConfiguration',
        `${refuses}: it does not take manager.id, manager.name or the public key`,
      );
    if (operation === 'version') return retry('it answers status 400');
    const bodiless = operation === 'ping' || operation === 'list';
    const ofContent = message !== '' || fieldOf(reply, 'errors') !== undefined;
    if (bodiless || /xtm-composer identifier/i.test(message) || !ofContent) return wrongManager();
    return permanent('RequestRefused', `${refuses}: it finds the content invalid (status 400)`);
  }

  /** Of a push `Gone` would mean the connector, so that is not said: the next ping or listing registers again. */
  function wrongManager(): Problem {
    const why = 'another manager is registered, or none';
    return hasSubject(operation) ? retry(why) : benign('Gone', `${refuses}: ${why}`);
  }

  function missing(): Problem {
    if (/element not found/i.test(message) && hasSubject(operation))
      return benign('Gone', `${refuses}: it does not know this connector any more`);
    if (operation === 'logs' || operation === 'health')
      return benign('FeatureMissing', `${refuses}: this version has no such call (status ${status})`);
    return permanent(
      'NotPermitted',
      `${refuses} (status ${status}): the token lacks the right ${rights[operation]}, or its version is older than ${oldestVersion}, the oldest Cadenza works with`,
    );
  }
}

const hasSubject = (operation: Operation): boolean => ['status', 'logs', 'health'].includes(operation);

/** The platform answers in JSON or plain text, or with nothing; a page comes from something before it. */
function isItsOwn({ contentType, text }: Answer): boolean {
  if (text.trim() === '') return true;
  return parsed(text) !== undefined || /^text\/plain/i.test(contentType ?? '');
}

/** Undefined where it is not JSON. */
export function parsed(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}
