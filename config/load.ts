import type { KeyObject } from 'node:crypto';
import type { CodecKeys } from '../codec/aes.ts';
import type { Platform } from '../model/connector.ts';
import { advice } from './advice.ts';
import { encryptionKeys } from './encryption.ts';
import { loadKeys } from './key.ts';
import { problemsText, problemText, type ConfigProblem } from './problem.ts';
import { readConfig, type Reading } from './read.ts';
import type { Config } from './schema.ts';
import type { LoadOptions } from './sources.ts';
import { generalProblems, platformProblems } from './usable.ts';

/** An enabled platform that cannot be managed, and why. */
interface Unusable {
  readonly platform: Platform;
  readonly problems: readonly ConfigProblem[];
  /** The same for a person. */
  readonly text: string;
}

interface Outcome {
  /** Complete in any case; where a value is invalid the default stands in its place. */
  readonly config: Config;
  readonly unusable: readonly Unusable[];
  readonly warnings: readonly string[];
  readonly reading: Reading;
}

interface Loaded extends Outcome {
  readonly ok: true;
  /** Enabled and usable; at least one. */
  readonly platforms: readonly Platform[];
  /** The present private key first, then former ones. */
  readonly keys: readonly KeyObject[];
  /** PEM; OpenCTI takes PKCS#1, OpenAEV SPKI. */
  readonly publicKeys: { readonly pkcs1: string; readonly spki: string };
  /** For what Temporal stores of workflows. */
  readonly codecKeys: CodecKeys;
}

interface Refused extends Outcome {
  readonly ok: false;
  /** Every fault that was found. */
  readonly problems: readonly ConfigProblem[];
  /** The same for a person; exit code 2. */
  readonly text: string;
}

export type LoadResult = Loaded | Refused;

const names: readonly Platform[] = ['opencti', 'openaev'];

/**
 * Reads the configuration once, at the start of a process. Never throws on what it reads: it names all faults at once.
 * A fault within one platform's section leaves the other platform usable.
 */
export function loadConfig(options: LoadOptions): LoadResult {
  const reading = readConfig(options);
  const { config } = reading;
  const enabled = names.filter((platform) => config[platform].enable);
  const found = enabled.map((platform) => ({ platform, problems: platformProblems(reading, platform, options.cwd) }));
  const unusable = found
    .filter(({ problems }) => problems.length > 0)
    .map(({ platform, problems }) => ({ platform, problems, text: unusableText(platform, problems) }));
  const platforms = enabled.filter((platform) => !unusable.some((u) => u.platform === platform));
  const keys = enabled.length > 0 ? loadKeys(config.manager, options.cwd) : undefined;

  const warnings = [
    ...reading.warnings,
    ...(keys?.warnings ?? []),
    ...names
      .filter((platform) => !enabled.includes(platform))
      .flatMap((platform) => reading.problems.filter((p) => p.path.startsWith(`${platform}.`)))
      .map((p) => `${problemText(p).split('\n')[0]}; the platform is not enabled`),
    ...advice(config, reading.table, options.env, enabled),
  ];
  const outcome: Outcome = { config, unusable, warnings, reading };
  const fatal = [
    ...generalProblems(reading, options.cwd),
    ...(keys?.problems ?? []),
    ...(enabled.length === 0 ? [noneEnabled] : []),
  ];
  const { keys: codecKeys } = encryptionKeys(config.temporal, options.cwd);
  if (fatal.length === 0 && platforms.length > 0 && keys?.publicKeys !== undefined)
    return { ok: true, ...outcome, platforms, keys: keys.keys, publicKeys: keys.publicKeys, codecKeys };
  const problems = distinct([...fatal, ...unusable.flatMap((u) => u.problems)]);
  return { ok: false, ...outcome, problems, text: problemsText(problems) };
}

const noneEnabled: ConfigProblem = {
  path: 'opencti.enable, openaev.enable',
  reason: 'are both false: there is nothing to manage',
  fix: 'set OPENCTI__ENABLE or OPENAEV__ENABLE to true',
};

const unusableText = (platform: Platform, problems: readonly ConfigProblem[]): string =>
  [
    `${platform} is not managed: its part of the configuration is not usable`,
    ...problems.map((p) => `  ${problemText(p)}`),
  ].join('\n');

/** A fault of the manager may show up under both platforms. */
const distinct = (problems: readonly ConfigProblem[]): readonly ConfigProblem[] => [
  ...new Map(problems.map((p) => [`${p.path} ${p.reason}`, p])).values(),
];
