/** What the manager is shown, with the fault switches of the listing applied. */
import { corrupt } from '../envelope.ts';
import type { World } from '../world.ts';
import { instanceHash } from './hash.ts';
import { nameOf } from './instances.ts';
import type { Instance } from './state.ts';

const meant = (refs: readonly string[] | undefined, i: Instance): boolean =>
  refs?.some((ref) => ref === '*' || ref === i.id || ref === i.title) === true;

const entryFor = <T>(entries: Readonly<Record<string, T>> | undefined, i: Instance): T | undefined =>
  entries?.[i.id] ?? entries?.[i.title] ?? entries?.['*'];

export const shownImage = (world: World, i: Instance): string => {
  if (meant(world.openaev.faults.listing?.emptyImages, i)) return '';
  return world.openaev.rules.imageVersion ? i.image : i.image.replace(/:[^:/]*$/, '');
};

export const hashOf = (world: World, i: Instance): string => instanceHash(shownImage(world, i), i.configuration);

/** One instance as calls 5, 6 and 8 answer it; null members are left out. */
export function shown(world: World, i: Instance): Record<string, unknown> {
  const faults = world.openaev.faults.listing;
  const item: Record<string, unknown> = {
    connector_instance_id: i.id,
    connector_instance_name: entryFor(faults?.names, i) ?? nameOf(world, i),
    connector_instance_hash: hashOf(world, i),
    connector_image: shownImage(world, i),
    connector_instance_current_status: i.current,
    connector_instance_requested_status: i.requested,
    connector_instance_configurations: i.configuration.map(({ key, value, encrypted }) => {
      const spoilt = encrypted && meant(faults?.corruptSecrets, i) ? corrupt(value) : value;
      const absent = encrypted && meant(faults?.nullSecrets, i);
      return {
        configuration_key: key,
        ...(absent ? {} : { configuration_value: spoilt }),
        configuration_is_encrypted: encrypted,
      };
    }),
  };
  for (const field of entryFor(faults?.nullFields, i) ?? []) item[field] = null;
  for (const field of entryFor(faults?.missingFields, i) ?? []) delete item[field];
  return item;
}

export function listed(world: World): readonly Record<string, unknown>[] | null {
  const all = [...world.openaev.instances.values()];
  const faults = world.openaev.faults.listing;
  switch (faults?.mode) {
    case 'null':
      return null;
    case 'empty':
      return [];
    case 'partial':
      return all.slice(0, faults.first ?? 1).map((i) => shown(world, i));
    case 'full':
    case undefined:
      return all.map((i) => shown(world, i));
  }
}
