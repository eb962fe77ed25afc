import type { ConnectorRecord, Listing, SkippedRecord } from '../model/connector.ts';
import { assignNames } from '../model/names.ts';
import type { Desired } from '../model/observation.ts';
import { ownIdVariables } from '../model/labels.ts';
import { nameSuffix } from './spec.ts';

/**
 * The last good listing, kept in the worker between a poll and the deploys it leads to, so that a deploy costs no second
 * listing. Sensitive values are ciphertext or sealed in there; nothing of it enters workflow history but `Desired`.
 */
export interface Records {
  /** Takes in a listing whose request began at `listedAt` (epoch ms); an older one than the present is ignored. */
  put(listing: Listing, listedAt: number, specHash: (image: string) => string): void;
  record(id: string): ConnectorRecord | undefined;
  desired(id: string): Desired | undefined;
  all(): readonly Desired[];
  /** Epoch ms of the last good listing's request; 0 before the first. */
  listedAt(): number;
  complete(): boolean;
  /** Records of that listing that could not be read. */
  skipped(): readonly SkippedRecord[];
}

/** The value of the variable this kind of connector has its id in; what else the record sets does not count. */
const variableId = (r: ConnectorRecord): string => {
  const named = ownIdVariables[r.platform].map((key) => r.configuration.findLast((e) => e.key === key && !e.encrypted));
  return named.find((entry) => (entry?.value ?? '') !== '')?.value ?? r.id;
};

export function records(): Records {
  let byId = new Map<string, { readonly record: ConnectorRecord; readonly desired: Desired }>();
  let at = 0;
  let whole = false;
  let unread: readonly SkippedRecord[] = [];
  return {
    put(listing, listedAt, specHash) {
      if (listedAt < at) return;
      const names = assignNames(listing.records, (id) => nameSuffix(listing.records[0]?.platform ?? 'opencti', id));
      const iso = new Date(listedAt).toISOString();
      byId = new Map(
        listing.records.map((record) => {
          const { id, platform, name, image, contractHash } = record;
          const assigned = names.get(id);
          if (assigned === undefined) throw new Error(`no name was assigned to ${id}`);
          const desired: Desired = {
            id,
            platform,
            name,
            image,
            contractHash,
            specHash: specHash(image),
            requested: record.requestedStatus,
            reported: record.currentStatus,
            names: assigned,
            variableId: variableId(record),
            listedAt: iso,
          };
          return [id, { record, desired }];
        }),
      );
      at = listedAt;
      whole = listing.complete;
      unread = listing.skipped;
    },
    record: (id) => byId.get(id)?.record,
    desired: (id) => byId.get(id)?.desired,
    all: () => [...byId.values()].map((e) => e.desired),
    listedAt: () => at,
    complete: () => whole,
    skipped: () => unread,
  };
}
