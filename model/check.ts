/** One thing the doctor looked at. */
export interface Check {
  readonly name: string;
  /** `null`: could not be looked at, because something before it is wrong or absent. */
  readonly ok: boolean | null;
  /** What was found, without secrets. */
  readonly detail: string;
  /** How to mend it; absent when nothing is wrong. */
  readonly fix?: string;
}
