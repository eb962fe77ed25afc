import type { Status } from './connector.ts';
import type { LifecycleEvent } from './memory.ts';
import type { Phase } from './phase.ts';

/** The vocabulary of a plan. */
export type Step =
  | { readonly kind: 'deploy'; readonly name: string; readonly start: boolean; readonly reason: string }
  | {
      readonly kind: 'refresh';
      readonly ref: string;
      readonly name: string;
      readonly start: boolean;
      readonly reason: string;
    }
  | { readonly kind: 'start' | 'stop' | 'unpause' | 'remove'; readonly ref: string; readonly reason: string }
  | { readonly kind: 'rename'; readonly ref: string; readonly name: string; readonly reason: string };

export type StepKind = Step['kind'];

export interface Note {
  readonly level: 'info' | 'warn' | 'error';
  readonly event: LifecycleEvent;
  readonly text: string;
}

export interface Plan {
  readonly steps: readonly Step[];
  /** Told to the platform before the steps. */
  readonly report?: Status;
  /** Why nothing is done although something is wanted. */
  readonly hold?: string;
  /** Epoch ms of the next look that the passing of time alone makes necessary. */
  readonly wakeAt?: number;
  /** Phase to show when no step is left. */
  readonly phase: Phase;
  /** Written once per change. */
  readonly note?: Note;
}
