import { InvalidArgumentError, Option } from 'commander';
import type { Platform } from '../model/connector.ts';
import { type Phase, phases } from '../model/phase.ts';

/** Options and arguments that several commands share, checked before anything is asked. */

const platforms: readonly Platform[] = ['opencti', 'openaev'];

const oneOf =
  <T extends string>(values: readonly T[]) =>
  (text: string): T => {
    const found = values.find((value) => value === text.toLowerCase());
    if (found === undefined) throw new InvalidArgumentError(`Use one of ${values.join(', ')}.`);
    return found;
  };

export const asPlatform = oneOf(platforms);
const asPhase: (text: string) => Phase = oneOf(phases);

export const platformOption = (): Option =>
  new Option('-p, --platform <platform>', 'only this platform').argParser(asPlatform);

export const phaseOption = (): Option =>
  new Option('--phase <phase>', `only this phase (${phases.join(', ')})`).argParser(asPhase);

export const jsonOption = (): Option => new Option('--json', 'print one JSON document on standard output');

/** Whole number in a range. */
export const whole =
  (least: number, most: number) =>
  (text: string): number => {
    const value = /^\d+$/.test(text) ? Number(text) : Number.NaN;
    if (!(value >= least && value <= most))
      throw new InvalidArgumentError(`Use a whole number from ${least} to ${most}.`);
    return value;
  };
