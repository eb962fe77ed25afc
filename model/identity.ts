import type { RuntimeObject } from './connector.ts';
import { connectorLabel, managerLabel, platformLabel } from './labels.ts';
import { type Desired, isCandidate } from './observation.ts';

/**
 * Which runtime object belongs to a record. Labels decide, never the name; an object that is not ours is never touched,
 * and where ours might run a second time beside it, nothing is deployed at all.
 */
export type Identity =
  | { readonly kind: 'ours'; readonly object: RuntimeObject; readonly extras: readonly RuntimeObject[] }
  | { readonly kind: 'missing'; readonly name: string; readonly collision?: string }
  | {
      readonly kind: 'blocked';
      readonly event: 'foreign_manager' | 'unmanaged_duplicate' | 'name_conflict';
      readonly message: string;
    };

const age = (o: RuntimeObject): number => (o.createdAt === undefined ? 0 : Date.parse(o.createdAt));

/** Equal hash and running, equal hash, running, newest: the object worth keeping comes first; ties by ref. A dead one is last. */
export function rank(objects: readonly RuntimeObject[], contractHash: string): readonly RuntimeObject[] {
  const score = (o: RuntimeObject) =>
    (o.contractHash === contractHash ? 2 : 0) + (o.state === 'running' ? 1 : 0) - (o.state === 'failed' ? 4 : 0);

  return objects.toSorted((a, b) => score(b) - score(a) || age(b) - age(a) || (a.ref < b.ref ? -1 : 1));
}

/** The new container of an interrupted replacement: it never ran, and may lack what is copied in after its creation. */
export const isHalfMade = (o: RuntimeObject, desired: Pick<Desired, 'names'>): boolean =>
  o.name.endsWith('-next') && o.state === 'down' && o.startedAt === undefined && !isRightName(o, desired);

const hasComposerLabels = (o: RuntimeObject): boolean =>
  o.labels[connectorLabel] !== undefined || o.labels[managerLabel] !== undefined;

export function identify(
  desired: Pick<Desired, 'id' | 'platform' | 'contractHash' | 'names'>,
  objects: readonly RuntimeObject[],
  managerIds: readonly string[],
): Identity {
  const mine = objects.filter((o) => isCandidate(o, desired.id, desired.platform, managerIds));
  const whole = mine.filter((o) => !isHalfMade(o, desired));
  const half = mine.filter((o) => isHalfMade(o, desired));
  const [object, ...extras] = [...rank(whole, desired.contractHash), ...rank(half, desired.contractHash)];
  if (object !== undefined) return { kind: 'ours', object, extras };

  const { legacy, safe, legacyUsable } = desired.names;
  const atLegacy = objects.find((o) => o.name === legacy);
  if (atLegacy !== undefined) {
    const { labels } = atLegacy;
    const unmanaged = (labels[managerLabel] ?? '') === '';
    const here = [undefined, '', desired.platform].includes(labels[platformLabel]);
    if (unmanaged && here && labels[connectorLabel] === desired.id)
      return { kind: 'ours', object: atLegacy, extras: [] };
    if (!hasComposerLabels(atLegacy) && atLegacy.runsConnector === true)
      return atLegacy.contractHash !== undefined
        ? { kind: 'ours', object: atLegacy, extras: [] }
        : {
            kind: 'blocked',
            event: 'unmanaged_duplicate',
            message: `an unmanaged container "${legacy}" already runs this connector; stop and remove it to let Cadenza take over`,
          };
  }
  const [stranger] = objects
    .filter(
      (o) =>
        o.labels[connectorLabel] === desired.id && ![undefined, '', ...managerIds].includes(o.labels[managerLabel]),
    )
    .toSorted((a, b) => (a.name < b.name ? -1 : 1));
  if (stranger !== undefined)
    return {
      kind: 'blocked',
      event: 'foreign_manager',
      message: `"${stranger.name}" is managed by "${stranger.labels[managerLabel]}"; add that id to manager.previous_ids if it was this manager's`,
    };

  const legacyTaken = atLegacy !== undefined;
  if (legacyUsable && !legacyTaken) return { kind: 'missing', name: legacy };
  if (objects.some((o) => o.name === safe))
    return {
      kind: 'blocked',
      event: 'name_conflict',
      message: legacyTaken
        ? `both names "${legacy}" and "${safe}" belong to something else; rename or remove one of them`
        : `the name "${safe}" belongs to something else; rename or remove that`,
    };
  return { kind: 'missing', name: safe, ...(legacyTaken ? { collision: legacy } : {}) };
}

/** True when the object carries one of the two names the record may have. */
export const isRightName = (object: Pick<RuntimeObject, 'name'>, desired: Pick<Desired, 'names'>): boolean =>
  object.name === desired.names.legacy || object.name === desired.names.safe;
