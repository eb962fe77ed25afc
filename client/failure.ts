/** Exit codes of every command: 0 done; 1 something failed; 2 wrong usage, input or configuration; 3 not reachable. */
export type ExitCode = 0 | 1 | 2 | 3;

/** Ends a command. The message is one sentence for the person who typed it and carries no secret. */
export class Failure extends Error {
  readonly kind: string;
  readonly code: ExitCode;

  constructor(code: ExitCode, kind: string, message: string) {
    super(message);
    this.name = 'Failure';
    this.kind = kind;
    this.code = code;
  }
}

/** What was asked for could not be done. */
export const failed = (kind: string, message: string): Failure => new Failure(1, kind, message);

/** What was asked for cannot be meant: usage, names, configuration. */
export const refused = (kind: string, message: string): Failure => new Failure(2, kind, message);

/** Nobody answers where the instance should be. */
export const unreachable = (message: string): Failure => new Failure(3, 'NotReachable', message);

/** Any error as one a command may end with. An error of a configuration is recognised by its name, whoever made it. */
export function asFailure(error: unknown): Failure {
  if (error instanceof Failure) return error;
  if (!(error instanceof Error)) return failed('Unexpected', 'something failed without saying what');
  return error.name === 'InvalidConfiguration'
    ? refused(error.name, error.message)
    : failed('Unexpected', error.message);
}
