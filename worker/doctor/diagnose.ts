import type { KeyObject } from 'node:crypto';
import type { Log } from '../../activities/deps.ts';
import { type LoadResult, loadConfig } from '../../config/load.ts';
import { type ConfigProblem } from '../../config/problem.ts';
import type { Config } from '../../config/schema.ts';
import type { Check } from '../../model/check.ts';
import type { Platform } from '../../model/connector.ts';
import { runtimeQueue } from '../../workflows/messages.ts';
import { temporalAddress } from '../connection.ts';
import { kubernetesOptions } from '../kubernetes.ts';
import { type Configured, configuredOne, dockerAddress } from '../platforms.ts';
import { portainerOptions } from '../portainer.ts';
import { swarmOptions } from '../swarm.ts';
import { bad, good, guarded, skipped, wordsOf } from './check.ts';
import { keyCheck } from './key.ts';
import { kubernetesChecks } from './kubernetes.ts';
import { platformChecks } from './platform.ts';
import { portainerChecks } from './portainer.ts';
import { registryCheck } from './registry.ts';
import { runtimeChecks } from './runtime.ts';
import { swarmChecks } from './swarm.ts';
import { type RuntimeQueue, temporalChecks } from './temporal.ts';

/** All that is reached from here must have answered by then (ms). */
const patience = 45_000;

/**
 * Looks at everything a worker with this environment and working folder depends on, and says of each thing what is
 * wrong and how to mend it. Changes nothing, registers nothing, never throws.
 */
export async function diagnose(env: NodeJS.ProcessEnv, cwd: string): Promise<readonly Check[]> {
  const loaded = loadConfig({ env, cwd });
  const signal = AbortSignal.timeout(patience);
  const platforms = loaded.ok ? loaded.platforms : [];
  const keys = loaded.ok ? loaded.keys : [];
  const examined = await Promise.all(
    platforms.map((platform) => examinePlatform(loaded.config, platform, platforms, keys, env, signal)),
  );
  return [
    ...configurationChecks(loaded),
    ...(loaded.ok
      ? [keyCheck(keys)]
      : [skipped('key, platforms and runtimes', 'the configuration must be mended first')]),
    ...examined.flatMap((e) => e.checks),
    ...(await examineTemporal(
      loaded,
      env,
      examined.map((e) => e.queue),
    )),
  ];
}

const problem = (name: string, p: ConfigProblem): Check =>
  bad(
    name,
    `${p.path} ${p.reason}${p.value === undefined ? '' : ` (found ${p.value})`}${p.origin === undefined ? '' : `, from ${p.origin}`}`,
    p.env === undefined || p.fix.includes(p.env) ? p.fix : `${p.fix} (environment: ${p.env})`,
  );

function configurationChecks(loaded: LoadResult): readonly Check[] {
  const name = 'configuration';
  const problems = loaded.ok ? loaded.unusable.flatMap((u) => u.problems) : loaded.problems;
  return [
    ...(problems.length === 0 && loaded.ok ? [good(name, `managed: ${loaded.platforms.join(', ')}`)] : []),
    ...problems.map((p) => problem(name, p)),
    ...loaded.warnings.map((w) => good('configuration note', w)),
  ];
}

interface Examined {
  readonly checks: readonly Check[];
  readonly queue: RuntimeQueue;
}

async function examinePlatform(
  config: Config,
  platform: Platform,
  platforms: readonly Platform[],
  keys: readonly KeyObject[],
  env: NodeJS.ProcessEnv,
  signal: AbortSignal,
): Promise<Examined> {
  const section = config[platform];
  const { docker: d, registry, selector } = section.daemon;
  const noted: string[] = [];
  const note = (text: string): void => void noted.push(text);
  const log: Log = { debug: () => undefined, info: () => undefined, warn: note, error: note };
  let place: Configured;
  try {
    place = configuredOne(config, platform, platforms, keys, env, log);
  } catch (error) {
    return {
      checks: [bad(platform, wordsOf(error), `look at the ${platform} section of the configuration`)],
      queue: { platform, queue: undefined },
    };
  }
  const { client, runtime } = place;
  let engineId: string | undefined;
  try {
    const [onPlatform, onRuntime] = await Promise.all([
      guarded(platform, 'look at the log of the worker', () => platformChecks(client, keys, signal)),
      guarded(`${platform} runtime`, `look at ${platform}.daemon.${selector}`, async () => {
        const connectorUrl = section.connector_url ?? section.url;
        const none = (): undefined => undefined;
        const ownNetwork = section.daemon.portainer.network_mode !== undefined;
        const [checks, id] =
          selector === 'kubernetes'
            ? await kubernetesChecks(
                { platform, options: kubernetesOptions(config, platform, none, env), connectorUrl },
                signal,
              )
            : selector === 'swarm'
              ? await swarmChecks(
                  { platform, options: swarmOptions(config, platform, dockerAddress(d, env), none), connectorUrl },
                  signal,
                )
              : selector === 'portainer'
                ? await portainerChecks(
                    {
                      platform,
                      options: portainerOptions(config, platform, env),
                      networkKey: `daemon.${ownNetwork ? 'portainer' : 'docker'}.network_mode`,
                      connectorUrl,
                    },
                    signal,
                  )
                : await runtimeChecks(
                    { platform, address: dockerAddress(d, env), networkMode: d.network_mode, connectorUrl },
                    signal,
                  );
        engineId = id;
        return checks;
      }),
    ]);
    return {
      checks: [
        ...onPlatform,
        ...onRuntime,
        registryCheck({ platform, server: registry.server, username: registry.username, password: registry.password }),
        ...noted.map((text) => good(`${platform} note`, text)),
      ],
      queue: {
        platform,
        queue: engineId === undefined ? undefined : runtimeQueue(config.temporal.task_queue, runtime.kind, engineId),
      },
    };
  } finally {
    runtime.close();
    await client.close();
  }
}

async function examineTemporal(
  loaded: LoadResult,
  env: NodeJS.ProcessEnv,
  queues: readonly RuntimeQueue[],
): Promise<readonly Check[]> {
  const { temporal } = loaded.config;
  if (!loaded.ok && loaded.problems.some((p) => p.path.startsWith('temporal')))
    return [skipped('temporal', 'its configuration must be mended first')];
  return guarded('temporal', 'check temporal.tls.* and the Temporal profile', async () => {
    const { address, namespace, options } = temporalAddress(temporal, env);
    return temporalChecks({ address, namespace, taskQueue: temporal.task_queue, options }, queues);
  });
}
