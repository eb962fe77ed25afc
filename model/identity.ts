import type { RuntimeObject } from './connector.ts';
import { connectorLabel, managerLabel } from './labels.ts';
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

const up = (o: RuntimeObject): boolean => o.state === 'running' || o.state === 'paused';

/** Equal hash and running, equal hash, running, newest: the object worth keeping comes first; ties by ref. */
export function rank(objects: readonly RuntimeObject[], contractHash: string): readonly RuntimeObject[] {
  const score = (o: RuntimeObject) => (o.contractHash === contractHash ? 2 : 0) + (up(o) ? 1 : 0);
  return objects.toSorted(
    (a, b) =>
      score(b) - score(a) || (b.createdAt ?? '').localeCompare(a.createdAt ?? '') || (a.ref < b.ref ? -1 : 1),
  );
}

const hasComposerLabels = (o: RuntimeObject): boolean =>
  o.labels[connectorLabel] !== undefined || o.labels[managerLabel] !== undefined;

export function identify(
  desired: Pick<Desired, 'id' | 'platform' | 'contractHash' | 'names'>,
  objects: readonly RuntimeObject[],
  managerIds: readonly string[],
): Identity {
  const mine = rank(
    objects.filter((o) => isCandidate(o, desired.id, desired.platform, managerIds)),
    desired.contractHash,
  );
  const [object, ...extras] = mine;
  if (object !== undefined) return { kind: 'ours', object, extras };

  const { legacy, safe, legacyUsable } = desired.names;
  const atLegacy = objects.find((o) => o.name === legacy);
  if (atLegacy !== undefined) {
    const { labels } = atLegacy;
    const unmanaged = (labels[managerLabel] ?? '') === '';
    if (unmanaged && labels[connectorLabel] === desired.id) return { kind: 'ours', object: atLegacy, extras: [] };
    if (!hasComposerLabels(atLegacy) && atLegacy.runsConnector === true)
      return atLegacy.contractHash !== undefined
        ? { kind: 'ours', object: atLegacy, extras: [] }
        : {
            kind: 'blocked',
            event: 'unmanaged_duplicate',
            message: `an unmanaged container "${legacy}" already runs this connector; stop and remove it to let Cadenza take over`,
          };
  }
  const stranger = objects.find(
    (o) => o.labels[connectorLabel] === desired.id && ![undefined, '', ...managerIds].includes(o.labels[managerLabel]),
  );
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
      message: `both names "${legacy}" and "${safe}" belong to something else; rename or remove one of them`,
    };
  return { kind: 'missing', name: safe, ...(legacyTaken ? { collision: legacy } : {}) };
}

/** True when the object carries one of the two names the record may have. */
export const isRightName = (object: RuntimeObject, desired: Pick<Desired, 'names'>): boolean =>
  object.name === desired.names.legacy || object.name === desired.names.safe;
