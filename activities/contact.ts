/**
 * Since when the engine has answered without a break. What ended before that moment (an engine restart, a host reboot,
 * a time when no worker was up) is no crash of the connector.
 */
export interface Contact {
  /** The engine answered (a listing, an open event stream). Starts a stretch if none is running. */
  up(now: number): void;
  /** The engine did not answer, or its event stream broke. */
  down(): void;
  /** ISO 8601 start of the present stretch; the present moment when there is none. */
  since(now: number): string;
}

export function contact(): Contact {
  let since: number | undefined;
  return {
    up: (now) => {
      since ??= now;
    },
    down: () => {
      since = undefined;
    },
    since: (now) => new Date(since ?? now).toISOString(),
  };
}
