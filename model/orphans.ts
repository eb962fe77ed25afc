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

export function sweep(input: SweepInput): SweepResult {
  const { platform, listed, objects, policy, now } = input;
  const at = new Date(now).toISOString();
  const platformOf = (o: RuntimeObject) => o.labels[platformLabel] ?? '';
  const idOf = (o: RuntimeObject) => o.labels[connectorLabel] ?? '';
  const unlabelled = objects.filter((o) => platformOf(o) === '' && idOf(o) !== '');
  const here = objects.filter(
    (o) => idOf(o) !== '' && (platformOf(o) === platform || (platformOf(o) === '' && !policy.bothPlatforms)),
  );
  const nameless = objects.filter((o) => idOf(o) === '').map(({ ref, name }) => ({ ref, name }));
  const unassigned = policy.bothPlatforms
    ? unlabelled.filter((o) => !listed.has(idOf(o))).map(({ ref, name }) => ({ ref, name }))
    : [];

  if (!input.complete)
    return { ...input.previous, remove: [], guard: truncated(input.size, here.length), unassigned, nameless };

  const gone = new Map<string, string>();
  for (const { id, name } of input.workflows) if (!listed.has(id)) gone.set(id, name);
  for (const o of here) if (!listed.has(idOf(o))) gone.set(idOf(o), o.name);

  const before = new Map(input.previous.candidates.map((c) => [c.id, c]));
  const candidates = [...gone].toSorted(([a], [b]) => (a < b ? -1 : 1)).map(([id, name]): Candidate => {
    const old = before.get(id);
    if (old === undefined) return { id, name, firstSeen: at, lastCounted: at, sweeps: 1 };
    if (now - Date.parse(old.lastCounted) < policy.sweepGap) return { ...old, name };
    return { ...old, name, lastCounted: at, sweeps: old.sweeps + 1 };
  });
  const empty =
    input.size === 0 && here.length > 0
      ? { since: input.previous.empty?.since ?? at, count: (input.previous.empty?.count ?? 0) + 1 }
      : undefined;
  const state: SweepState = { candidates, ...(empty === undefined ? {} : { empty }) };

  const ripe = candidates.filter((c) => c.sweeps >= policy.sweeps);
  const objectIds = new Set(here.map(idOf));
  const going = ripe.filter((c) => objectIds.has(c.id));
  const guard = policy.allowMassRemoval ? null : guardFor(input, objectIds.size, candidates, objectIds, empty, now);
  const allowed = guard === null ? ripe : ripe.filter((c) => input.confirmed.has(c.id) || !objectIds.has(c.id));
  const confirmedAll = guard !== null && going.length > 0 && going.every((c) => input.confirmed.has(c.id));
  return { ...state, remove: allowed, guard: confirmedAll ? null : guard, unassigned, nameless };
}

const truncated = (size: number, objects: number): SweepResult['guard'] =>
  size >= truncatedAt && objects > 0
    ? {
        kind: 'truncated-listing',
        message: `the listing has ${size} records and may be cut off; nothing is removed on its strength`,
      }
    : null;

function guardFor(
  input: SweepInput,
  total: number,
  candidates: readonly Candidate[],
  objectIds: ReadonlySet<string>,
  empty: SweepState['empty'],
  now: number,
): SweepResult['guard'] {
  const going = candidates.filter((c) => objectIds.has(c.id)).length;
  if (going === 0) return null;
  const cut = input.size === truncatedAt ? truncated(input.size, total) : null;
  if (cut !== null) return cut;
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
  if (going >= input.policy.guardMin && going >= total * input.policy.guardRatio)
    return {
      kind: 'too-many',
      message: `${going} of ${total} containers would be removed at once; confirm with "cadenza orphans confirm ${input.platform}"`,
    };
  return null;
}
