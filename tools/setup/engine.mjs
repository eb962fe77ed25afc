import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, readdirSync } from 'node:fs';
import { request } from 'node:http';
import { join } from 'node:path';
import { once } from './cache.mjs';
import { Missing } from './report.mjs';
import { exists, run } from './run.mjs';

/** Answers with the engine that is there already: DOCKER_HOST, else the default socket; undefined when none answers. */
export async function answeringEngine(env = process.env) {
  const candidates = env.DOCKER_HOST ? [env.DOCKER_HOST] : ['unix:///var/run/docker.sock'];
  for (const host of candidates) if (await pings(host)) return host;
  return undefined;
}

function pings(host) {
  const target = host.startsWith('unix://')
    ? { socketPath: host.slice(7) }
    : { host: new URL(host).hostname, port: new URL(host).port || 2375 };
  return new Promise((resolve) => {
    const call = request({ ...target, path: '/_ping', timeout: 2_000 }, (answer) => {
      answer.resume();
      resolve(answer.statusCode === 200);
    });
    call.on('timeout', () => call.destroy());
    call.on('error', () => resolve(false));
    call.end();
  });
}

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
export async function demoImage(cache, root, packages) {
  const script = readFileSync(join(root, 'sandbox', 'image', 'connector.sh'));
  const hash = createHash('sha256').update(script).update('layout 1').digest('hex').slice(0, 12);
  const folder = join(cache, `demo-image-${hash}`);
  const busybox = join(folderOf(cache, packages), 'bin', 'busybox');
  const source = [busybox, '/bin/busybox'].find((p) => existsSync(p));
  if (source === undefined)
    throw new Missing('the demo image needs a static busybox: install the package busybox-static');
  const made = await once(folder, async (temporary) => {
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
  return made ? 'packed' : 'present';
}
