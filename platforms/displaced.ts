import type { Problem } from '../model/errors.ts';

/** A takeover that soon (ms) after the one before, with our registration between them, is no accident. */
const soon = 10 * 60_000;

export interface Displacement {
  /** The platform took our registration. */
  registered(): void;
  /** The platform said that it has another manager, or none. What is to be thrown. */
  displaced(): Problem;
}

/**
 * Tells a platform that lost its manager (register again) from two managers that push each other out. Where the last to
 * register wins, nothing but the repetition shows it.
 */
export function displacement(now: () => number, gone: () => Problem, conflict: () => Problem): Displacement {
  let ours = false;
  let last: number | undefined;
  let contested = false;
  return {
    registered() {
      ours = true;
      contested = false;
    },
    displaced() {
      if (ours) {
        contested = last !== undefined && now() - last < soon;
        last = now();
        ours = false;
      }
      return contested ? conflict() : gone();
    },
  };
}
