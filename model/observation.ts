import type { Platform, Requested, RuntimeKind, RuntimeObject, Status } from './connector.ts';
import { connectorLabel, managerLabel, platformLabel } from './labels.ts';
import type { Names } from './names.ts';
import type { Policy } from './policy.ts';

/** What the platform wants of one connector, without any configuration value: small and fit for workflow history. */
export interface Desired {
  readonly id: string;
  readonly platform: Platform;
  readonly name: string;
  readonly image: string;
  readonly contractHash: string;
  /** Hash over Cadenza's own settings that reach the object (URL, proxy, network, resources, ...). */
  readonly specHash: string;
  readonly requested: Requested;
  /** What the platform says it was last told. */
  readonly reported: Status | null;
  readonly names: Names;
  /** Value of the connector's own id variable; by it an unlabelled container is recognised. */
  readonly variableId: string;
  /** ISO 8601: when the request for this listing began. A status pushed later than that is newer than `reported`. */
  readonly listedAt: string;
}

/** What the runtime has that may concern one connector. */
export type Seen =
  | { readonly kind: 'unknown'; readonly message: string }
  | {
      readonly kind: 'seen';
      readonly objects: readonly RuntimeObject[];
      /** ISO 8601: since when the engine has answered without a break. What ended before that is no crash. */
      readonly contactSince: string;
    };

/** The runtime an observation comes from; another one than before: the platform was moved. */
export interface Place {
  readonly runtime: RuntimeKind;
  /** Task queue of the workers that reach it. */
  readonly queue: string;
}

/** One connector as the platform wants it and the runtime has it, at one moment. */
export interface Observation {
  /** `gone`: a complete listing lacks it. `unknown`: no good listing at hand; the last known record stays in force. */
  readonly desired: Desired | 'gone' | 'unknown';
  readonly seen: Seen;
  /** Why the record could not be read; the last known one stays in force. */
  readonly problem?: string;
  readonly policy: Policy;
  readonly place?: Place;
}

/** True when an object carries this connector's label and one of our manager ids, and no other platform's label. */
export const isCandidate = (
  object: Pick<RuntimeObject, 'labels'>,
  id: string,
  platform: Platform,
  managerIds: readonly string[],
): boolean =>
  object.labels[connectorLabel] === id &&
  (object.labels[managerLabel] ?? '') !== '' &&
  managerIds.includes(object.labels[managerLabel] ?? '') &&
  [undefined, '', platform].includes(object.labels[platformLabel]);

/** 53-bit string hash (cyrb53), enough to see that something changed; not for security. */
export function shortHash(text: string): string {
  let a = 0xdeadbeef;
  let b = 0x41c6ce57;
  for (let i = 0; i < text.length; i++) {
    const c = text.charCodeAt(i);
    a = Math.imul(a ^ c, 2654435761);
    b = Math.imul(b ^ c, 1597334677);
  }
  a = Math.imul(a ^ (a >>> 16), 2246822507) ^ Math.imul(b ^ (b >>> 13), 3266489909);
  b = Math.imul(b ^ (b >>> 16), 2246822507) ^ Math.imul(a ^ (a >>> 13), 3266489909);
  return (4294967296 * (2097151 & b) + (a >>> 0)).toString(36);
}

/** Changes when the entity would have to look again because of what the platform wants. */
export const desiredDigest = (d: Omit<Desired, 'listedAt'>): string =>
  shortHash(
    JSON.stringify([d.name, d.image, d.contractHash, d.specHash, d.requested, d.reported ?? '', d.names.legacyUsable]),
  );

/** Changes when the entity would have to look again because of what the runtime has. Only facts that a plain list gives. */
export const actualDigest = (candidates: readonly RuntimeObject[]): string =>
  shortHash(
    JSON.stringify(
      candidates
        .map((o) => [o.ref, o.name, o.state, o.contractHash ?? '', o.specHash ?? ''] as const)
        .toSorted((x, y) => (x[0] < y[0] ? -1 : 1)),
    ),
  );
