import { createHash } from 'node:crypto';
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

interface Versions {
  readonly temporal: { readonly cli: string };
  readonly engine: { readonly packages: readonly string[] };
  readonly registry: { readonly packages: readonly string[] };
  readonly kubernetes: {
    readonly packages: readonly string[];
    readonly modules: Readonly<Record<'kubernetes' | 'etcd' | 'kwok', { readonly version: string }>>;
  };
}

/** The repository's root, from the sources as from dist/. */
export const root = ((): string => {
  const here = fileURLToPath(new URL('.', import.meta.url));
  return existsSync(join(here, '..', 'package.json')) ? join(here, '..') : join(here, '..', '..');
})();

const versions = JSON.parse(readFileSync(join(root, 'tools', 'versions.json'), 'utf8')) as Versions;

export const cacheFolder = (env: NodeJS.ProcessEnv = process.env): string =>
  env['CADENZA_CACHE'] || join(env['XDG_CACHE_HOME'] || join(homedir(), '.cache'), 'cadenza');

const unpacked = (cache: string, packages: readonly string[]): string =>
  join(cache, `debian-${createHash('sha256').update(packages.join()).digest('hex').slice(0, 12)}`);

/** Programs built from one of tools/kubernetes/modules: by version, and by what goes into them. */
function built(cache: string, name: keyof Versions['kubernetes']['modules']): string {
  const hash = createHash('sha256').update('layout 1');
  for (const file of ['go.mod', 'go.sum'])
    hash.update(readFileSync(join(root, 'tools', 'kubernetes', 'modules', name, file)));
  return join(cache, `${name}-${versions.kubernetes.modules[name].version}-${hash.digest('hex').slice(0, 12)}`);
}

/** What the set-up put into the cache (tools/setup/). */
export const inCache = (cache: string) => ({
  temporal: process.env['TEMPORAL_CLI_PATH'] || join(cache, `temporal-${versions.temporal.cli}`, 'temporal'),
  engine: unpacked(cache, versions.engine.packages),
  registry: join(unpacked(cache, versions.registry.packages), 'usr', 'bin', 'docker-registry'),
  kubernetes: {
    bin: built(cache, 'kubernetes'),
    etcd: join(built(cache, 'etcd'), 'etcd'),
    kwok: join(built(cache, 'kwok'), 'kwok'),
    cni: join(unpacked(cache, versions.kubernetes.packages), 'usr', 'lib', 'cni'),
  },
  /** The newest demo image's root file system, or undefined when it was not packed. */
  demoImage: existsSync(cache)
    ? readdirSync(cache)
        .filter((f) => /^demo-image-[0-9a-f]{12}$/.test(f))
        .map((f) => ({ tar: join(cache, f, 'rootfs.tar'), hash: f.slice('demo-image-'.length) }))
    : [],
});

/** The hash the demo image's folder carries: of the script as it is now. */
export const demoImageHash = (): string =>
  createHash('sha256')
    .update(readFileSync(join(root, 'sandbox', 'image', 'connector.sh')))
    .update('layout 1')
    .digest('hex')
    .slice(0, 12);
