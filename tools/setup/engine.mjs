import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { once } from './cache.mjs';
import { Missing } from './report.mjs';
import { exists, run } from './run.mjs';

const folderOf = (cache, packages) =>
  join(cache, `debian-${createHash('sha256').update(packages.join()).digest('hex').slice(0, 12)}`);

/**
 * Debian packages, loaded with apt and unpacked into the cache: nothing is installed, and apt's own lists and archives
 * stay as they were, because it works on folders of ours.
 */
export async function unpackDebian(cache, packages, what) {
  const folder = folderOf(cache, packages);
  if (existsSync(folder)) return 'present';
  const advice = `install ${what} yourself`;
  if (process.platform !== 'linux' || !(await exists('apt-get')) || !(await exists('dpkg')))
    throw new Missing(`${what} can be loaded by itself on Debian and Ubuntu only: ${advice}`);
  if (process.getuid?.() !== 0 && what.includes('Docker'))
    throw new Missing(`no Docker engine answers and a private one needs root: ${advice}, or set DOCKER_HOST`);
  await once(folder, async (temporary) => {
    const apt = join(temporary, 'apt');
    for (const dir of ['lists/partial', 'archives/partial']) mkdirSync(join(apt, dir), { recursive: true });
    const own = [
      '-o',
      `Dir::State::lists=${join(apt, 'lists')}`,
      '-o',
      `Dir::Cache=${apt}`,
      '-o',
      `Dir::Cache::archives=${join(apt, 'archives')}`,
      '-o',
      'APT::Sandbox::User=root',
      '-qq',
    ];
    try {
      await run('apt-get', [...own, 'update']);
      await run('apt-get', [...own, 'download', ...packages], { cwd: temporary });
    } catch (error) {
      throw new Missing(`${what} could not be loaded (${String(error.message).split('\n').at(-1)}): ${advice}`);
    }
    for (const file of readdirSync(temporary).filter((f) => f.endsWith('.deb'))) {
      await run('dpkg', ['-x', join(temporary, file), temporary]);
      await run('rm', ['-f', join(temporary, file)]);
    }
    await run('rm', ['-rf', apt]);
    const dockerd = join(temporary, 'usr/sbin/dockerd');
    if (existsSync(dockerd)) {
      const missing = (await run('ldd', [dockerd])).split('\n').filter((l) => l.includes('not found'));
      if (missing.length > 0)
        throw new Missing(`the private engine lacks ${missing[0].trim().split(' ')[0]}: ${advice}`);
    }
  });
  return 'loaded';
}

/** Content of the demo image as a tar: a static busybox, its links, and the connector's script. */
export async function demoImage(cache, root, sources) {
  const script = readFileSync(join(root, 'sandbox', 'image', 'connector.sh'));
  const hash = createHash('sha256').update(script).update('layout 1').digest('hex').slice(0, 12);
  const folder = join(cache, `demo-image-${hash}`);
  if (existsSync(folder)) return 'present';
  const source = await staticBusybox([
    ...sources.map((packages) => join(folderOf(cache, packages), 'bin', 'busybox')),
    '/bin/busybox',
  ]);
  if (source === undefined)
    throw new Missing(
      'the demo image, which only the sandbox uses, needs a static busybox: install the package busybox-static',
    );
  await once(folder, async (temporary) => {
    const image = join(temporary, 'root');
    for (const dir of ['bin', 'tmp', 'etc/ssl/certs', 'dev']) mkdirSync(join(image, dir), { recursive: true });
    await run('cp', [source, join(image, 'bin', 'busybox')]);
    for (const link of ['sh', 'sleep', 'echo', 'cat', 'ls', 'env', 'date', 'stat'])
      await run('ln', ['-s', 'busybox', join(image, 'bin', link)]);
    await run('cp', [join(root, 'sandbox', 'image', 'connector.sh'), join(image, 'connector.sh')]);
    await run('chmod', ['755', join(image, 'connector.sh'), join(image, 'bin', 'busybox')]);
    await run('tar', [
      '--sort=name',
      '--mtime=2020-01-01',
      '--owner=0',
      '--group=0',
      '-C',
      image,
      '-cf',
      join(temporary, 'rootfs.tar'),
      '.',
    ]);
    await run('rm', ['-rf', image]);
  });
  return 'packed';
}

/** The first that is there and needs no libraries, since the image has none. */
async function staticBusybox(files) {
  for (const file of files.filter((f) => existsSync(f)))
    if (!(await run('ldd', [file]).catch(() => '')).includes('=>')) return file;
  return undefined;
}
