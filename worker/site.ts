import { board } from '../activities/board.ts';
import { contact } from '../activities/contact.ts';
import type { Log, Site } from '../activities/deps.ts';
import { records } from '../activities/records.ts';
import { registration } from '../activities/registration.ts';
import { connectorLabel, managerLabel, platformLabel, specHashLabel } from '../model/labels.ts';
import type { PlatformClient } from '../platforms/platform.ts';
import type { Runtime } from '../runtimes/runtime.ts';

/** What of a site comes from the configuration; the rest is state the worker keeps while it runs. */
export type SiteSettings = Pick<
  Site,
  | 'policy'
  | 'orphanPolicy'
  | 'environment'
  | 'resolveImage'
  | 'registryAuth'
  | 'pullPolicy'
  | 'specHash'
  | 'cadence'
  | 'logTail'
  | 'refreshConcurrency'
  | 'showEnvironment'
>;

/** One platform on one runtime, as the activities need it. */
export function makeSite(
  client: PlatformClient,
  runtime: Runtime,
  settings: SiteSettings,
  log: Log,
  now: () => number,
): Site {
  const { platform } = client;
  const managerId = settings.policy.managerIds[0] ?? '';
  return {
    platform,
    client,
    runtime,
    runtimeQueue: '',
    ...settings,
    labels: (record, specHash) => ({
      [managerLabel]: managerId,
      [connectorLabel]: record.id,
      [platformLabel]: platform,
      [specHashLabel]: specHash,
    }),
    records: records(),
    registration: registration(client, now, (text) => log.info(text, { platform })),
    contact: contact(),
    board: board(client.logs),
  };
}
