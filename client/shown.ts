import { chmodSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** What `cadenza orphans` showed last, by platform; a confirmation is for exactly that. */
export interface Shown {
  readonly ids: readonly string[];
  /** ISO 8601. */
  readonly at: string;
}

const file = (home: string): string => join(home, 'orphans-shown.json');

/** A confirmation must follow within this (ms). */
export const validFor = 15 * 60_000;

export function remember(home: string, shown: Readonly<Record<string, Shown>>): void {
  mkdirSync(home, { recursive: true });
  writeFileSync(file(home), `${JSON.stringify(shown)}\n`, { mode: 0o600 });
  chmodSync(file(home), 0o600);
}

/** What was shown of this platform in the last 15 minutes; `undefined`: nothing. */
export function recall(home: string, platform: string, now: number): Shown | undefined {
  let all: Partial<Record<string, Shown>>;
  try {
    all = JSON.parse(readFileSync(file(home), 'utf8')) as typeof all;
  } catch {
    return undefined;
  }
  const shown = all[platform];
  const age = now - Date.parse(shown?.at ?? '');
  return shown !== undefined && age >= 0 && age <= validFor && Array.isArray(shown.ids) ? shown : undefined;
}
