import pLimit, { type LimitFunction } from 'p-limit';
import type { ConnectorRecord } from '../model/connector.ts';
import { benign, permanent, retryable } from '../model/errors.ts';
import { isReference } from '../model/image.ts';
import { masked } from '../model/mask.ts';
import type { Spec } from '../runtimes/runtime.ts';
import { announce } from './announce.ts';
import type { Busy } from './busy.ts';
import { heartbeating } from './context.ts';
import type { Deps, Site } from './deps.ts';
import { look, siteOf } from './look.ts';
import { freshListing } from './listing.ts';
import type { Acted, Announcing, ConnectorKey, RuntimeActivities, WantedVersion } from './types.ts';

const limits = new WeakMap<Site, LimitFunction>();

/** Replacements of one platform take turns; deploys, starts and stops do not wait for them. */
function turns(site: Site): LimitFunction {
  const known = limits.get(site);
  if (known !== undefined) return known;
  const made = pLimit(site.refreshConcurrency);
  limits.set(site, made);
  return made;
}

type Lifecycle = Pick<
  RuntimeActivities,
  'observe' | 'deploy' | 'refresh' | 'start' | 'stop' | 'unpause' | 'rename' | 'remove'
>;

/** What changes one connector's object. Each does one thing, then looks, and answers with that look. */
export function lifecycle(deps: Deps, busyOf: (platform: Site['platform']) => Busy): Lifecycle {
  const act = async (
    key: ConnectorKey & Announcing,
    action: string,
    work: (site: Site, signal: AbortSignal, progress: (text: string) => void) => Promise<void>,
  ): Promise<Acted> =>
    heartbeating(async (signal, progress) => {
      const site = siteOf(deps.sites, key.platform);
      const refusal = site.registration.refusal();
      if (refusal !== undefined) throw refusal;
      const after = await busyOf(key.platform).run(key.id, async (looking) => {
        try {
          await work(site, signal, progress);
          deps.metrics.action(key.platform, action, 'done');
        } catch (error) {
          if (!signal.aborted) deps.metrics.action(key.platform, action, 'failed');
          throw error;
        }
        looking();
        return look(site, key.id, deps.now, signal);
      });
      if (key.announce === undefined) return after;
      const announced = await announce(deps, site, key.id, key.announce, after, signal);
      return announced === undefined ? after : { ...after, announced };
    });

  const prepare = async (
    site: Site,
    want: WantedVersion & { readonly name: string },
    progress: (text: string) => void,
    signal: AbortSignal,
  ): Promise<Spec> => {
    const record = await wantedRecord(deps, site, want, signal);
    if (record.image === '')
      throw permanent(
        'InvalidContract',
        'the platform sends no image for this connector; check its contract in the catalogue',
      );
    const image = site.resolveImage(record.image);
    if (!isReference(image))
      throw permanent(
        'InvalidContract',
        `the platform's image for this connector, "${image.slice(0, 200)}", is no image reference; check its contract in the catalogue`,
      );
    // Decrypted first: nothing is pulled, created or replaced with a secret that cannot be read.
    const { env, caBundle } = site.environment(record);
    const pulling = AbortSignal.any([signal, AbortSignal.timeout(site.cadence.pullTimeout)]);
    progress(`pulling ${image}`);
    try {
      const policy = want.fresh === true && site.pullPolicy === 'missing' ? 'always' : site.pullPolicy;
      await site.runtime.pull(image, policy, site.registryAuth(image), progress, pulling);
    } catch (error) {
      if (pulling.aborted && !signal.aborted)
        throw retryable(
          'ImagePull',
          `${image} was not pulled within ${site.cadence.pullTimeout / 1000} s (manager.pull_timeout)`,
        );
      throw error;
    }
    progress(`creating ${want.name}`);
    if (site.showEnvironment !== 'off')
      deps.log.info('environment of the connector', {
        connector: want.id,
        environment: env.map((v) => `${v.key}=${v.sensitive && site.showEnvironment !== 'clear' ? masked : v.value}`),
      });
    const { contractHash } = record;
    return {
      connectorId: want.id,
      name: want.name,
      image,
      env,
      labels: site.labels(record, want.specHash),
      contractHash,
      specHash: want.specHash,
      ...(caBundle === undefined ? {} : { caBundle }),
    };
  };

  return {
    observe: async (key) => {
      const site = siteOf(deps.sites, key.platform);
      return heartbeating((signal) => look(site, key.id, deps.now, signal));
    },
    deploy: (want) =>
      act(want, 'deploy', async (site, signal, progress) => {
        await site.runtime.deploy(await prepare(site, want, progress, signal), want.start, signal);
      }),
    refresh: (want) =>
      act(want, 'refresh', async (site, signal, progress) => {
        // The pull is not part of the turn: a slow one holds up nobody else.
        const spec = await prepare(site, want, progress, signal);
        progress('waiting for its turn to be replaced');
        await turns(site)(async () => {
          signal.throwIfAborted();
          await site.runtime.refresh(spec, want.ref, want.start, signal);
        });
      }),
    start: (key) => act(key, 'start', (site, signal) => site.runtime.start(key.ref, signal)),
    stop: (key) => act(key, 'stop', (site, signal) => site.runtime.stop(key.ref, key.force, signal)),
    unpause: (key) => act(key, 'unpause', (site, signal) => site.runtime.unpause(key.ref, signal)),
    rename: (key) => act(key, 'rename', (site, signal) => site.runtime.rename(key.ref, key.name, signal)),
    remove: (key) =>
      act(key, 'remove', async (site, signal) => {
        if (key.confirmGone) {
          await freshListing(site, deps, signal);
          if (!site.records.complete())
            throw retryable('PlatformUnavailable', 'the listing is not complete; nothing is removed on its strength');
          if (site.records.desired(key.id) !== undefined)
            throw benign('Superseded', 'the platform lists the connector again; it stays');
        }
        await site.runtime.remove(key.ref, signal);
      }),
  };
}

/** The record the entity planned with, from the last poll's listing; listed anew when this worker does not have it. */
async function wantedRecord(
  deps: Deps,
  site: Site,
  want: WantedVersion,
  signal: AbortSignal,
): Promise<ConnectorRecord> {
  const matches = () => {
    const desired = site.records.desired(want.id);
    return desired?.contractHash === want.contractHash && desired.specHash === want.specHash;
  };
  if (!matches()) await freshListing(site, deps, signal);
  const record = site.records.record(want.id);
  if (record === undefined) throw benign('Superseded', 'the platform no longer lists this connector');
  if (!matches()) throw benign('Superseded', 'the platform has changed the connector meanwhile');
  return record;
}
