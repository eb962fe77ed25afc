import { createReadStream } from 'node:fs';
import Docker from 'dockerode';
import { demoImageHash, inCache } from './cache.ts';

export const demoImage = 'cadenza/demo-connector:1';
const hashLabel = 'cadenza-demo-image';

/** Brings the demo connector's image onto an engine, without a registry; again only when its content has changed. */
export async function importDemoImage(host: string, cache: string): Promise<void> {
  const engine = host.startsWith('unix://')
    ? new Docker({ socketPath: host.slice(7) })
    : new Docker({ host: new URL(host).hostname, port: Number(new URL(host).port) || 2375 });
  const hash = demoImageHash();
  const packed = inCache(cache).demoImage.find((i) => i.hash === hash);
  const present = await engine
    .getImage(demoImage)
    .inspect()
    .catch(() => undefined);
  if (present?.Config.Labels?.[hashLabel] === hash) return;
  if (packed === undefined) throw new Error('the demo image was not packed; run "node tools/setup.mjs start"');
  const changes = ['CMD ["/connector.sh"]', `LABEL ${hashLabel}=${hash}`];
  const stream = await engine.importImage(createReadStream(packed.tar), {
    repo: 'cadenza/demo-connector',
    tag: '1',
    changes,
  } as object);
  await new Promise<void>((resolve, reject) => {
    engine.modem.followProgress(stream, (error) => (error ? reject(error) : resolve()));
  });
}
