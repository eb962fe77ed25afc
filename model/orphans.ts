import type { Platform, RuntimeObject } from './connector.ts';
import { connectorLabel, platformLabel } from './labels.ts';

/**
 * Which objects nobody wants any more, and when they may go. A candidate is removed only after two sweeps in a row; a
 * sweep that would take too much at once removes nothing until a person confirms exactly the set that was shown.
 */
export interface OrphanPolicy {
  /** Sweeps in a row that must find the same candidate. */
  readonly sweeps: number;
  /** Least time between two sweeps that count (ms). */
  readonly sweepGap: number;
  readonly guardRatio: number;
  readonly guardMin: number;
  readonly allowMassRemoval: boolean;
  /** Objects without a platform label are nobody's to remove when both platforms are in use. */
  readonly bothPlatforms: boolean;
}

export interface Candidate {
  readonly id: string;
  /** Name of the object, or of the connector when there is no object any more. */
  readonly name: string;
  /** ISO 8601: the first sweep of this row. */
  readonly firstSeen: string;
  readonly lastCounted: string;
  readonly sweeps: number;
}

/** What one sweep hands to the next. */
export interface SweepState {
  readonly candidates: readonly Candidate[];
  /** Successive complete, successful and empty listings, and when they began. */
  readonly empty?: { readonly since: string; readonly count: number };
}

export type Guard = 'too-many' | 'empty-listing' | 'truncated-listing';

export interface SweepInput {
  readonly platform: Platform;
  readonly listed: ReadonlySet<string>;
  /** Ids the other platform lists: its legacy objects without a platform label are not unassigned. */
  readonly listedElsewhere?: ReadonlySet<string>;
  /** Good and whole; an incomplete listing proves nobody's absence. */
  readonly complete: boolean;
  /** Number of records in the listing, readable or not. */
  readonly size: number;
  /** All objects of this manager, of any platform. */
  readonly objects: readonly RuntimeObject[];
  /** Connectors that have a workflow: they are retired too, even when no object is left. */
  readonly workflows: readonly { readonly id: string; readonly name: string }[];
  readonly previous: SweepState;
  /** Ids an operator confirmed and may still be removed. */
  readonly confirmed: ReadonlySet<string>;
  readonly policy: OrphanPolicy;
  /** Epoch ms. */
  readonly now: number;
}

export interface SweepResult extends SweepState {
  /** May be removed now. */
  readonly remove: readonly Candidate[];
  readonly guard: { readonly kind: Guard; readonly message: string } | null;
  /** Legacy objects without a platform label that no platform lists; never removed by themselves. */
  readonly unassigned: readonly { readonly ref: string; readonly name: string }[];
  /** Objects with our manager label but no connector id. */
  readonly nameless: readonly { readonly ref: string; readonly name: string }[];
}

const truncatedAt = 500;
const emptyListings = 3;
const emptyFor = 5 * 60_000;

const platformOf = (o: RuntimeObject): string => o.labels[platformLabel] ?? '';
const idOf = (o: RuntimeObject): string => o.labels[connectorLabel] ?? '';
const byRef = (a: RuntimeObject, b: RuntimeObject): number => (a.ref < b.ref ? -1 : 1);
const shown = ({ ref, name }: RuntimeObject): { readonly ref: string; readonly name: string } => ({ ref, name });

export function sweep(input: SweepInput): SweepResult {
  const { platform, listed, policy, previous } = input;
  const objects = input.objects.toSorted(byRef);
  const named = objects.filter((o) => idOf(o) !== '');
  const legacy = policy.bothPlatforms ? named.filter((o) => platformOf(o) === '') : [];
  const here = named.filter((o) => platformOf(o) === platform || (platformOf(o) === '' && !policy.bothPlatforms));
  const leftAlone = {
    unassigned: legacy.filter((o) => !listed.has(idOf(o)) && input.listedElsewhere?.has(idOf(o)) !== true).map(shown),
    nameless: objects.filter((o) => idOf(o) === '').map(shown),
  };
  if (!input.complete) {
    // With a record in it, readable or not, the platform is not empty.
    const state = input.size === 0 ? previous : { candidates: previous.candidates };
    return { ...state, remove: [], guard: here.length > 0 ? truncated(input.size) : null, ...leftAlone };
  }

  // Retiring a connector removes all that is its own, so one with a legacy object stays as it is.
  const legacyIds = new Set(legacy.map(idOf));
  const orphans = here.filter((o) => !listed.has(idOf(o)) && !legacyIds.has(idOf(o)));
  const state: SweepState = { candidates: count(input, orphans, legacyIds), ...emptiness(input, here) };
  const ripe = state.candidates.filter((c) => c.sweeps >= policy.sweeps);
  const guard = policy.allowMassRemoval ? null : guardFor(input, here.length, orphans.length, state);
  const remove = guard === null ? ripe : ripe.filter((c) => input.confirmed.has(c.id));
  const withObject = new Set(orphans.map(idOf));
  const going = ripe.filter((c) => withObject.has(c.id));
  const allConfirmed = going.length > 0 && going.every((c) => input.confirmed.has(c.id));
  return { ...state, remove, guard: allConfirmed ? null : guard, ...leftAlone };
}

/** Today's candidates; one that was a candidate in the last sweep is counted once more if that is long enough ago. */
function count(
  { workflows, listed, previous, policy, now }: SweepInput,
  orphans: readonly RuntimeObject[],
  legacyIds: ReadonlySet<string>,
): readonly Candidate[] {
  const at = new Date(now).toISOString();
  const gone = new Map<string, string>();
  for (const { id, name } of workflows) if (!listed.has(id) && !legacyIds.has(id)) gone.set(id, name);
  // The first of several objects names the candidate, whatever the order of the list.
  for (const o of orphans.toReversed()) gone.set(idOf(o), o.name);
  const before = new Map(previous.candidates.map((c) => [c.id, c]));
  return [...gone]
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .map(([id, name]): Candidate => {
      const old = before.get(id);
      if (old === undefined) return { id, name, firstSeen: at, lastCounted: at, sweeps: 1 };
      if (now - Date.parse(old.lastCounted) < policy.sweepGap) return { ...old, name };
      return { ...old, name, lastCounted: at, sweeps: old.sweeps + 1 };
    });
}

const emptiness = ({ size, previous, now }: SweepInput, here: readonly RuntimeObject[]): Pick<SweepState, 'empty'> =>
  size === 0 && here.length > 0
    ? {
        empty: { since: previous.empty?.since ?? new Date(now).toISOString(), count: (previous.empty?.count ?? 0) + 1 },
      }
    : {};

const truncated = (size: number): SweepResult['guard'] =>
  size === truncatedAt
    ? {
        kind: 'truncated-listing',
        message: `the listing has ${size} records and may be cut off; nothing is removed on its strength`,
      }
    : null;

/** `going`: objects that would be removed, ripe or not: a listing that shrinks bit by bit trips it too. */
function guardFor(
  { size, platform, policy, now }: SweepInput,
  total: number,
  going: number,
  { empty }: SweepState,
): SweepResult['guard'] {
  if (going === 0) return null;
  if (size === truncatedAt) return truncated(size);
  if (empty !== undefined) {
    const lasting = empty.count >= emptyListings && now - Date.parse(empty.since) >= emptyFor;
    if (total <= 2 && lasting) return null;
    return {
      kind: 'empty-listing',
      message: `the platform lists no connector at all while ${total} of its containers exist; ${
        total <= 2 ? 'they go when it stays so for five minutes' : 'check its licence and the token, or confirm'
      }`,
    };
  }
  if (going >= policy.guardMin && going >= total * policy.guardRatio)
    return {
      kind: 'too-many',
      message: `${going} of ${total} containers would be removed at once; confirm with "cadenza orphans confirm ${platform}"`,
    };
  return null;
}
