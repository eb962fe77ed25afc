import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { once } from './cache.mjs';
import { Missing, say } from './report.mjs';
import { run } from './run.mjs';

const advice = 'or set CADENZA_KUBECONFIG to a cluster of your own';

/** Why a cluster of our own cannot run on this machine, in one line; undefined when it can. */
export function noCluster() {
  if (process.platform !== 'linux') return `a Kubernetes cluster of our own runs on Linux only: set CADENZA_KUBECONFIG`;
  return process.getuid?.() === 0
    ? undefined
    : `a Kubernetes cluster of our own needs root: run this as root, ${advice}`;
}

/** Where the programs of one module are kept: by version, and by what go.mod and go.sum say of all that goes into them. */
function folderOf(cache, root, name, version) {
  const hash = createHash('sha256').update('layout 1');
  for (const file of ['go.mod', 'go.sum'])
    hash.update(readFileSync(join(root, 'tools', 'kubernetes', 'modules', name, file)));
  return join(cache, `${name}-${version}-${hash.digest('hex').slice(0, 12)}`);
}

/**
 * Builds the programs of these modules from their sources, which Go's module proxy has: no release has to be reached, and
 * go.sum vouches for every source. From cold about eight minutes on two cores. What Go loaded and compiled is kept until
 * all is done, so that a build that was broken off goes on where it was.
 */
export async function kubernetesPrograms(cache, root, modules, env) {
  if (env.CADENZA_KUBECONFIG) return 'not needed, CADENZA_KUBECONFIG is set';
  const missing = noCluster();
  if (missing !== undefined) throw new Missing(missing);
  const wanted = Object.entries(modules)
    .map(([name, module]) => ({ name, ...module, folder: folderOf(cache, root, name, module.version) }))
    .filter(({ folder }) => !existsSync(folder));
  const own = join(cache, 'go');
  if (wanted.length === 0) {
    rmSync(own, { recursive: true, force: true });
    return 'present';
  }
  await newEnough(env);
  mkdirSync(own, { recursive: true });
  say('to be built, which happens once and takes some minutes');
  for (const module of wanted) await build(module, root, goEnvironment(own, env));
  rmSync(own, { recursive: true, force: true });
  return 'built';
}

/** Go's own folders stay as they are, unless somebody has set them for us; a workspace and flags of other projects do not count. */
const goEnvironment = (own, env) => ({
  ...env,
  GOMODCACHE: env.GOMODCACHE || join(own, 'modules'),
  GOCACHE: env.GOCACHE || join(own, 'build'),
  GOFLAGS: '-mod=readonly -modcacherw',
  GOTOOLCHAIN: 'local',
  GOWORK: 'off',
  CGO_ENABLED: '0',
});

async function newEnough(env) {
  const text = await run('go', ['env', 'GOVERSION'], { env: { ...env, GOTOOLCHAIN: 'local' } }).catch(() => undefined);
  const [, major, minor] = /go(\d+)\.(\d+)/.exec(text ?? '') ?? [];
  if (Number(major) > 1 || Number(minor) >= 24) return;
  const found = text === undefined ? 'there is none' : `this one is ${text.trim()}`;
  throw new Missing(
    `Kubernetes is built with Go 1.24 or newer, and ${found}: install it (https://go.dev/dl), ${advice}`,
  );
}

/** Programs know their version from the linker. */
function linked(name, version) {
  const [major, minor] = version.split('.');
  const set = (key, value) => `-X k8s.io/component-base/version.${key}=${value}`;
  return name === 'kubernetes'
    ? `-s -w ${set('gitVersion', `v${version}`)} ${set('gitMajor', major)} ${set('gitMinor', minor)}`
    : '-s -w';
}

async function build({ name, version, programs, folder }, root, env) {
  const cwd = join(root, 'tools', 'kubernetes', 'modules', name);
  const told = progress(`${name} ${version}`);
  try {
    await once(folder, async (temporary) => {
      for (const [program, source] of Object.entries(programs)) {
        const flags = ['-v', '-trimpath', '-buildvcs=false', '-ldflags', linked(name, version)];
        const args = ['-n', '10', 'go', 'build', ...flags, '-o', join(temporary, program), source];
        await run('nice', args, { cwd, env, heard: told });
        told(`${program} is built`, true);
      }
    });
  } catch (error) {
    throw new Missing(`${name} ${version} could not be built (${reason(error)}): mend that, ${advice}`);
  }
}

/** Go writes its reason last, behind the names of what it compiled. */
const reason = (error) => String(error.message).split('\n').at(-1);

/** A line every 20 seconds, of what Go says: a name for each package it compiles, and what it loads. */
function progress(title) {
  const begun = Date.now();
  let last = begun;
  let packages = 0;
  return (line, always = false) => {
    const loading = line.startsWith('go: downloading');
    if (!loading && !always) packages += 1;
    if (!always && Date.now() - last < 20_000) return;
    last = Date.now();
    const what = always ? line : loading ? 'loading sources' : `${packages} packages compiled`;
    say(`      ${title}: ${what}, ${Math.round((last - begun) / 1000)} s`);
  };
}
