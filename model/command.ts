/** What an operator can ask of one connector. */
export const commands = ['start', 'stop', 'restart', 'redeploy', 'pause', 'resume', 'reconcile'] as const;
export type CommandName = (typeof commands)[number];

/** One thing that was done, or is planned; `action` is a step of the plan (deploy, refresh, start, stop, ...). */
export interface ActionResult {
  readonly id: string;
  readonly name: string;
  readonly action: string;
  readonly reason: string;
  /** Message of the error; absent when it succeeded. */
  readonly error?: string;
}

/** Answer to a command, given when the connector has come to rest (or `waitMs` have passed). */
export interface CommandResult {
  readonly settled: boolean;
  readonly phase: string;
  readonly actions: readonly ActionResult[];
  /** One sentence for the person who asked. */
  readonly message: string;
}
