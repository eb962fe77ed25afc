import type { KeyObject } from 'node:crypto';
import type { Check } from '../../model/check.ts';
import { Problem } from '../../model/errors.ts';
import type { Platform } from '../../model/connector.ts';
import * as openaev from '../../platforms/openaev-errors.ts';
import * as opencti from '../../platforms/opencti-errors.ts';
import type { PlatformClient } from '../../platforms/platform.ts';
import { advice, bad, good, skipped, wordsOf } from './check.ts';
import { valuesCheck } from './key.ts';

/** What each platform asks of the token, and the oldest version that has all we need. */
const needs: Readonly<Record<Platform, { list: string; report: string; oldest: string; lacks: string }>> = {
  opencti: {
    list: 'SETTINGS_SETACCESSES',
    report: 'CONNECTORAPI',
    oldest: opencti.oldestVersion,
    lacks: 'keys and encrypted values',
  },
  openaev: {
    list: 'READ on CATALOG (ACCESS_TENANT_SETTINGS)',
    report: 'WRITE on CATALOG (MANAGE_TENANT_SETTINGS)',
    oldest: openaev.oldestVersion,
    lacks: 'calls for a manager',
  },
};

/**
 * The platform, the token and its two rights. Registers nothing: listing proves one right, a sign of life under our own
 * id the other, even when the platform answers that it does not know this manager yet.
 */
export async function platformChecks(
  client: PlatformClient,
  keys: readonly KeyObject[],
  signal: AbortSignal,
): Promise<readonly Check[]> {
  const { platform } = client;
  const [reach, list, report] = [platform, `${platform} right to list`, `${platform} right to report`];
  const token = `put a valid token of an active user with ${needs[platform].report} and ${needs[platform].list} into ${platform}.token`;
  let version: string;
  try {
    version = await client.version(signal);
  } catch (error) {
    const refusedToken = error instanceof Problem && error.type === 'NotPermitted';
    const fix = refusedToken
      ? token
      : `check ${platform}.url, that the platform runs, and that this machine reaches it (proxy, certificate)`;
    return [
      bad(reach, wordsOf(error), fix),
      ...[list, report, `${platform} encrypted values`].map((name) => skipped(name, 'the platform does not answer')),
    ];
  }
  const { oldest, lacks } = needs[platform];
  const here = older(version, oldest)
    ? bad(
        reach,
        `version ${version} is older than ${oldest}`,
        `update the platform: before ${oldest} it has no ${lacks}`,
      )
    : good(reach, `answers, version ${version}`);
  return [
    here,
    ...(await listChecks(client, list, keys, token, signal)),
    await reportCheck(client, report, token, signal),
  ];
}

async function listChecks(
  client: PlatformClient,
  name: string,
  keys: readonly KeyObject[],
  token: string,
  signal: AbortSignal,
): Promise<readonly Check[]> {
  const { platform } = client;
  try {
    const { records, skipped: unreadable, complete } = await client.list(signal);
    const listed = good(name, `${records.length} connectors listed`);
    const unread =
      unreadable.length === 0
        ? []
        : [
            bad(
              `${platform} records`,
              `${unreadable.length} cannot be read: ${unreadable
                .map((s) => `${s.name ?? s.id ?? 'without id'} (${s.reason})`)
                .slice(0, 5)
                .join(', ')}`,
              'edit or delete these connectors on the platform',
            ),
          ];
    const cut =
      complete || unreadable.length > 0
        ? []
        : [
            advice(
              `${platform} listing`,
              'it may be cut off',
              'nothing is removed on its strength; "cadenza orphans" shows what waits',
            ),
          ];
    return [listed, ...unread, ...cut, await valuesCheck(platform, records, keys)];
  } catch (error) {
    if (error instanceof Problem && error.type === 'Gone')
      return [
        skipped(name, 'it lists for its registered manager only, and this one is not registered yet'),
        skipped(`${platform} encrypted values`, 'there is no listing'),
      ];
    const forbidden = error instanceof Problem && error.type === 'NotPermitted';
    const fix = forbidden
      ? `give the token's user the right ${needs[platform].list}, or ${token}`
      : 'look at the log of the platform; Cadenza goes on trying';
    return [bad(name, wordsOf(error), fix), skipped(`${platform} encrypted values`, 'there is no listing')];
  }
}

async function reportCheck(client: PlatformClient, name: string, token: string, signal: AbortSignal): Promise<Check> {
  try {
    await client.ping(signal);
    return good(name, 'this manager is registered, and its sign of life was taken');
  } catch (error) {
    if (!(error instanceof Problem)) return bad(name, wordsOf(error), 'look at the log of the worker');
    if (error.type === 'Gone')
      return good(name, 'allowed; this manager is not registered yet, the worker does that when it starts');
    const fix =
      error.type === 'NotPermitted'
        ? `give the token's user the right ${needs[client.platform].report}, or ${token}`
        : 'look at the log of the platform; Cadenza goes on trying';
    return bad(name, error.message, fix);
  }
}

/** Compares the numbers of two versions; what is not a number is no reason to complain. */
export function older(version: string, than: string): boolean {
  const [a, b] = [version, than].map((text) => text.split(/[.-]/).map(Number));
  for (const [i, least] of (b ?? []).entries()) {
    const own = a?.[i] ?? 0;
    if (Number.isNaN(own) || own > least) return false;
    if (own < least) return true;
  }
  return false;
}
