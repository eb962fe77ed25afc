/**
 * Every error Cadenza raises on purpose is a `Problem` of one of the named types below. The kind decides what happens
 * next: Temporal retries a retryable one, a permanent one waits for a new hash or a person, a benign one is part of the
 * normal course. The message tells a person what to do and never carries a secret.
 */
export type RetryableType =
  'PlatformUnavailable' | 'RuntimeUnavailable' | 'ImagePull' | 'SwapUndone' | 'StartFailed' | 'StopFailed';
/** `RequestRefused`: the platform does not take this payload; sending it again is no use. */
export type PermanentType =
  | 'InvalidContract'
  | 'NameConflict'
  | 'DecryptionFailed'
  | 'NotPermitted'
  | 'ManagerConflict'
  | 'CreateRefused'
  | 'WrongEngine'
  | 'RequestRefused'
  | 'InvalidConfiguration';
/** `Gone`: the platform no longer knows the connector. `FeatureMissing`: the platform is too old for this call. */
export type BenignType = 'Superseded' | 'NotReady' | 'Gone' | 'FeatureMissing';
export type ProblemType = RetryableType | PermanentType | BenignType;
export type ProblemKind = 'retryable' | 'permanent' | 'benign';

export class Problem extends Error {
  readonly kind: ProblemKind;
  readonly type: ProblemType;
  /** Milliseconds to wait before the next attempt; retryable problems only. */
  readonly after: number | undefined;

  constructor(kind: ProblemKind, type: ProblemType, message: string, after?: number) {
    super(message);
    this.name = type;
    this.kind = kind;
    this.type = type;
    this.after = after;
  }
}

/** Worth another attempt as it is; `after` in ms overrides the retry policy's next delay. */
export const retryable = (type: RetryableType, message: string, after?: number): Problem =>
  new Problem('retryable', type, message, after);

/** Will fail the same way until the input changes or a person helps. */
export const permanent = (type: PermanentType, message: string): Problem => new Problem('permanent', type, message);

/** Part of the normal course: no alarm, no failure metric. */
export const benign = (type: BenignType, message: string): Problem => new Problem('benign', type, message);

/** What `list` and `show` print of an error. */
export interface ErrorSummary {
  readonly kind: string;
  readonly message: string;
}
