import { createHash } from 'node:crypto';
import { createReadStream, createWriteStream, statSync } from 'node:fs';
import { pipeline } from 'node:stream/promises';
import { pack } from 'tar-stream';

/** Holds a pod's namespaces and sleeps. */
export const pauseImage = 'localhost/cadenza-pause:1';

/** The demo connector's names on a node: as tests name it, and as the sandbox's connectors do. */
export const demoImages: readonly string[] = ['localhost/demo-connector:1', 'docker.io/cadenza/demo-connector:1'];

/** An image of one layer as `docker save` writes it, which `ctr images import` reads. `rootfs`: a tar, not compressed. */
export async function writeImage(
  file: string,
  image: { readonly names: readonly string[]; readonly rootfs: string; readonly command: readonly string[] },
): Promise<void> {
  const sum = createHash('sha256');
  for await (const chunk of createReadStream(image.rootfs)) sum.update(chunk as Buffer);
  const config = Buffer.from(
    JSON.stringify({
      architecture: process.arch === 'x64' ? 'amd64' : process.arch,
      os: 'linux',
      config: { Cmd: image.command, Env: ['PATH=/usr/local/bin:/usr/bin:/bin'] },
      rootfs: { type: 'layers', diff_ids: [`sha256:${sum.digest('hex')}`] },
    }),
  );
  const name = `${createHash('sha256').update(config).digest('hex')}.json`;
  const manifest = JSON.stringify([{ Config: name, RepoTags: image.names, Layers: ['layer.tar'] }]);
  const tar = pack();
  const written = pipeline(tar, createWriteStream(file));
  tar.entry({ name }, config);
  tar.entry({ name: 'manifest.json' }, manifest);
  const layer = tar.entry({ name: 'layer.tar', size: statSync(image.rootfs).size });
  await pipeline(createReadStream(image.rootfs), layer);
  tar.finalize();
  await written;
}
