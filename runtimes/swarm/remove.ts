import { setTimeout as sleep } from 'node:timers/promises';
import { retryable } from '../../model/errors.ts';
import type { Api } from './api.ts';
import { dropUnused } from './configs.ts';
import type { Auth } from './put.ts';
import { stop } from './scale.ts';

const patience = 30_000;
const pause = 200;

/** Stops, removes, and looks whether it is gone: a removed service no longer tells what its task does. */
export async function vanish(api: Api, auth: Auth, ref: string, signal: AbortSignal): Promise<void> {
  const service = await api.service(ref, signal);
  if (service === undefined) return;
  await stop(api, auth, ref, signal);
  await api.remove(ref, signal);
  const deadline = Date.now() + patience;
  while ((await api.service(ref, signal)) !== undefined) {
    if (Date.now() > deadline) throw retryable('RuntimeUnavailable', 'the service is still there after its removal');
    await sleep(pause, undefined, { signal });
  }
  await dropUnused(api, service, undefined, signal);
}
