/** Delays before another attempt. Jitter comes in as a number in [0, 1), so that these stay pure. */
const second = 1_000;
const minute = 60 * second;

/** ±20 %: `random` 0 gives 80 %, 1 gives 120 %. */
export const jittered = (delay: number, random: number): number => Math.round(delay * (0.8 + 0.4 * random));

const failureSteps = [30 * second, minute, 2 * minute, 4 * minute, 8 * minute] as const;

/** After a failed pull, create, start or remove: 30 s, 1, 2, 4, 8 min, then every 15 min. `attempts` counts from 1. */
export const failureDelay = (attempts: number, random: number): number =>
  jittered(failureSteps[attempts - 1] ?? 15 * minute, random);

/** While the runtime does not answer: 5 s doubling to 2 min. `failures` counts from 1. */
export const runtimeDelay = (failures: number, random: number): number =>
  jittered(Math.min(5 * second * 2 ** (failures - 1), 2 * minute), random);

/** While the platform's listing fails: 10 s doubling to 5 min. `failures` counts from 1. */
export const listingDelay = (failures: number, random: number): number =>
  jittered(Math.min(10 * second * 2 ** (failures - 1), 5 * minute), random);

/** Between attempts to push a status: 2 s doubling to 1 min. `failures` counts from 1. */
export const reportDelay = (failures: number, random: number): number =>
  jittered(Math.min(2 * second * 2 ** (failures - 1), minute), random);

/** A secret that does not decrypt, a refused token: nothing changes by itself, so rarely. */
export const blockedDelay = 15 * minute;
export const notPermittedDelay = 5 * minute;
