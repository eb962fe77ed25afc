import { permanent } from '../../model/errors.ts';
import { connectorLabel, hashVariable, specHashLabel } from '../../model/labels.ts';
import { daemonMessage } from '../docker/errors.ts';
import type { Spec } from '../runtime.ts';
import type { Api } from './api.ts';
import { dropUnused, ensureCa } from './configs.ts';
import { refused } from './errors.ts';
import type { Images } from './image.ts';
import { type Service, type ServiceSpec, labelsOf } from './objects.ts';
import type { Auth } from './put.ts';
import { orThrow, start as startService, startPatience } from './scale.ts';
import { untilUp } from './settle.ts';
import { type ServiceOptions, serviceSpec } from './spec.ts';
import { variable } from './state.ts';

/** What a change of a service needs to know. */
export interface ChangeOptions {
  readonly service: ServiceOptions;
  readonly auth: Auth;
  /** How long a new task may stay without running (ms). */
  readonly startTimeout: number;
}

/** Where a change is made, and by what. */
export interface Place {
  readonly api: Api;
  readonly images: Images;
  readonly options: ChangeOptions;
}

/** A failed creation is cleared away also after an abort; this long (ms). */
const undoTime = 30_000;

/** Made from this very spec. */
export const isSame = (s: Service, spec: Spec): boolean =>
  labelsOf(s)[connectorLabel] === spec.connectorId &&
  variable(s, hashVariable) === spec.contractHash &&
  labelsOf(s)[specHashLabel] === spec.specHash;

/** The engine also takes an id for a name; only what really has the name counts. */
export async function byName(api: Api, name: string, signal: AbortSignal): Promise<Service | undefined> {
  const s = await api.service(name, signal);
  return s?.Spec.Name === name ? s : undefined;
}

/** Creates a service. An earlier attempt is completed; anything else under the name is left alone. */
export async function deploy(place: Place, spec: Spec, start: boolean, signal: AbortSignal): Promise<void> {
  const { api, images, options } = place;
  const existing = await byName(api, spec.name, signal);
  if (existing !== undefined && !isSame(existing, spec))
    throw permanent('NameConflict', `the service name "${spec.name}" is taken`);
  if (existing !== undefined) {
    if (start) await startService(api, options.auth, existing.ID, signal);
    return;
  }
  const image = images.pinnedIfKnown(spec.image);
  const made = await create(place, spec, { image, replicas: start ? 1 : 0 }, signal);
  if (start) orThrow(await untilUp(api, made, startPatience, signal));
}

async function create(
  { api, options }: Place,
  spec: Spec,
  where: { readonly image: string; readonly replicas: 0 | 1 },
  signal: AbortSignal,
): Promise<string> {
  for (let attempt = 1; ; attempt += 1) {
    const ca = await ensureCa(api, spec, signal);
    const wanted: ServiceSpec = serviceSpec(spec, options.service, {
      ...where,
      force: 0,
      ...(ca === undefined ? {} : { ca }),
    });
    try {
      return (await api.create(wanted, options.auth(spec.image), signal)).ID;
    } catch (error) {
      // The last service that used the bundle was removed in this very moment, and the bundle with it.
      if (ca !== undefined && attempt === 1 && /config \S+ not found/.test(daemonMessage(error))) continue;
      const never: Service = { ID: '', Version: { Index: 0 }, Spec: wanted };
      await dropUnused(api, never, undefined, AbortSignal.timeout(undoTime));
      throw refused(error, spec.name, signal);
    }
  }
}
