import { benign, permanent, retryable, type Problem } from '../model/errors.ts';
import { facts } from './facts.ts';
import { fieldOf } from './fields.ts';
import type { Operation } from './openaev-calls.ts';
import { place, strangeAnswer, type Target } from './reach.ts';

const { oldestVersion, before } = facts.openaev;

const verbs: Readonly<Record<Operation, string>> = {
  version: 'tell its version',
  register: 'register this manager',
  ping: 'take the sign of life',
  list: 'list the connectors',
  status: 'take the status',
  logs: 'take the log lines',
  health: 'take the health',
};

const rights: Readonly<Record<Operation, string>> = {
  version: 'to read the platform settings (ACCESS_PLATFORM_SETTINGS)',
  register: 'to manage the settings (MANAGE_TENANT_SETTINGS)',
  ping: 'to manage the settings (MANAGE_TENANT_SETTINGS)',
  list: 'to read the settings (ACCESS_TENANT_SETTINGS)',
  status: 'to manage the settings (MANAGE_TENANT_SETTINGS)',
  logs: 'to manage the settings (MANAGE_TENANT_SETTINGS)',
  health: 'to manage the settings (MANAGE_TENANT_SETTINGS)',
};

export interface Answer {
  readonly status: number;
  readonly contentType: string | null;
  readonly text: string;
}

/**
 * What an answer other than 2xx means; `wrong manager` is left to the caller, who knows whether this manager was
 * registered. No word of the body is quoted, which may repeat what was sent: known messages are recognised.
 */
export function refusal(answer: Answer, operation: Operation, target: Target): Problem | 'wrong manager' {
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
      return operation === 'ping' ? managerGone(target) : retry('it has an error of its own (status 500)');
    default:
      return retry(`it answers status ${status}`);
  }

  function notPermitted(): Problem {
    return permanent(
      'NotPermitted',
      `${refuses}: the token's user lacks the right ${rights[operation]}; an administrator's token has it`,
    );
  }

  /** Older versions send an error without a message for a wrong manager id; a complaint about content always has one. */
  function badRequest(): Problem | 'wrong manager' {
    if (operation === 'register')
      return permanent(
        'InvalidConfiguration',
        `${refuses}: it does not take manager.id, manager.name or the public key`,
      );
    if (operation === 'version') return retry('it answers status 400');
    const bodiless = operation === 'ping' || operation === 'list';
    const ofContent = message !== '' || fieldOf(reply, 'errors') !== undefined;
    if (bodiless || /xtm-composer identifier/i.test(message) || !ofContent) return 'wrong manager';
    return permanent('RequestRefused', `${refuses}: it finds the content invalid (status 400)`);
  }

  function missing(): Problem {
    if (/element not found/i.test(message) && hasSubject(operation))
      return benign('Gone', `${refuses}: it does not know this connector any more`);
    if (operation === 'logs' || operation === 'health')
      return benign('FeatureMissing', `${refuses}: this version has no such call (status ${status})`);
    return permanent(
      'NotPermitted',
      `${refuses} (status ${status}): the token's user lacks the right ${rights[operation]}, or its version is older than ${oldestVersion} and has ${before}`,
    );
  }
}

const hasSubject = (operation: Operation): boolean => ['status', 'logs', 'health'].includes(operation);

/** The platform has no manager, or another one: registering again mends that. */
export const managerGone = (target: Target): Problem =>
  benign('Gone', `${target.title} at ${place(target.url)} does not know this manager; it has to register (again)`);

/** The last to register wins there, so two managers would push each other out for ever. */
export const managerConflict = (target: Target): Problem =>
  permanent(
    'ManagerConflict',
    `${target.title} at ${place(target.url)} was taken over again by another manager right after this one registered: two managers register in turn; stop the other one (XTM Composer, or a second Cadenza), or give both the same manager.id if it is the same one`,
  );

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
