import type { Platform } from '../model/connector.ts';
import { type Busy, busy } from './busy.ts';
import type { Deps, Site } from './deps.ts';
import { cachedEntities } from './entities.ts';
import { keepAlive } from './keepalive.ts';
import { lifecycle } from './lifecycle.ts';
import { siteOf } from './look.ts';
import { orphanSweep } from './orphans.ts';
import { report } from './report.ts';
import { signalWake } from './signal.ts';
import { sync } from './sync.ts';
import type { MainActivities, RuntimeActivities } from './types.ts';
import { watch } from './watch.ts';

export interface Activities {
  readonly main: MainActivities;
  readonly runtime: RuntimeActivities;
}

/** All activities over the two ports; which worker offers which is decided by its queue. */
export function createActivities(deps: Deps): Activities {
  const busies = new Map<Platform, Busy>();
  const busyOf = (platform: Platform): Busy => {
    const known = busies.get(platform);
    if (known !== undefined) return known;
    const site = siteOf(deps.sites, platform);
    const fresh = busy((id, event) => void signalWake(deps, site, id, event));
    busies.set(platform, fresh);
    return fresh;
  };
  const memos = new Map<Platform, ReturnType<typeof cachedEntities>>();
  const memosOf = (site: Site): ReturnType<typeof cachedEntities> => {
    const known = memos.get(site.platform);
    if (known !== undefined) return known;
    const fresh = cachedEntities(deps.temporal, site.platform, deps.now);
    memos.set(site.platform, fresh);
    return fresh;
  };
  return {
    main: { keepAlive: keepAlive(deps), report: report(deps) },
    runtime: {
      ...lifecycle(deps, busyOf),
      syncPlatform: sync(deps, memosOf),
      watch: watch(deps, busyOf, memosOf),
      sweepOrphans: orphanSweep(deps, memosOf),
    },
  };
}
