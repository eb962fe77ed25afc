import type { KeyObject } from 'node:crypto';
import type { ConfigEntry, ConnectorRecord } from '../model/connector.ts';
import { isSensitive } from '../model/mask.ts';
import { seal } from './decrypt.ts';

interface Kept {
  readonly contractHash: string;
  /** By place in the configuration. */
  readonly entries: ReadonlyMap<number, ConfigEntry>;
}

/**
 * Some secrets arrive in clear (OpenCTI's token up to 6.9, OpenAEV's always). They are sealed for our own private key
 * before a record leaves the listing. What was sealed before is used again while the contract hash, which covers the
 * values, is the same: a steady listing costs no RSA. Connectors no longer listed are forgotten.
 */
export function sealing(publicKey: KeyObject): (records: readonly ConnectorRecord[]) => ConnectorRecord[] {
  let kept: ReadonlyMap<string, Kept> = new Map();
  return (records) => {
    const next = new Map<string, Kept>();
    const sealed = records.map((record) => {
      const before = kept.get(record.id);
      const known = before?.contractHash === record.contractHash ? before.entries : undefined;
      const entries = new Map<number, ConfigEntry>();
      const configuration = record.configuration.map((entry, index) => {
        if (entry.encrypted || entry.value === '' || !isSensitive(entry.key)) return entry;
        const earlier = known?.get(index);
        const made =
          earlier?.key === entry.key
            ? earlier
            : { key: entry.key, value: seal(entry.value, publicKey), encrypted: true };
        entries.set(index, made);
        return made;
      });
      next.set(record.id, { contractHash: record.contractHash, entries });
      return { ...record, configuration };
    });
    kept = next;
    return sealed;
  };
}
