import { existsSync, rmSync } from 'node:fs';
import { type Server, type Socket, connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Docker from 'dockerode';
import { type Engine, startEngine } from './engine.ts';
import { importDemoImage } from './image.ts';
import { start, stop, until } from './processes.ts';

export interface Swarm extends Engine {
  /** One more engine on the same network, in no Swarm yet; ends with the Swarm. */
  another(dir: string): Promise<Engine>;
  /** Makes an engine of `another` a worker of this Swarm. */
  join(worker: Engine): Promise<void>;
  /** Lets programs on the Swarm's network reach this port of this machine's loopback, under the same address. */
  reach(port: number): Promise<void>;
}

const client = (engine: Engine): Docker => new Docker({ socketPath: engine.host.slice('unix://'.length) });

/**
 * A Docker Swarm of our own below `dir`, its engines in a network namespace of their own: its bridges, overlay networks
 * and ports (7946 cannot be chosen) meet nobody else's, and all of that goes when it goes. Needs root. `init` false: an
 * engine without a Swarm.
 */
export async function startSwarm(options: {
  readonly dir: string;
  readonly cache: string;
  readonly init?: boolean;
}): Promise<Swarm> {
  const { cache } = options;
  const own = ['unshare', '--net', '--mount', 'sh', '-c', 'ip link set lo up && exec "$@"', 'sh'];
  const first = await startEngine({ dir: options.dir, cache, within: own });
  const network = `--net=/proc/${first.pid}/ns/net`;
  const others: Engine[] = [];
  const relays: (() => Promise<void>)[] = [];
  const end = async (): Promise<void> => {
    for (const close of relays) await close();
    for (const engine of [...others.toReversed(), first]) {
      // With its tasks; engines that are only told to end start them again.
      await client(engine)
        .swarmLeave({ force: true, _query: { force: true } } as object)
        .catch(() => undefined);
      await engine.stop();
    }
  };
  try {
    if (options.init !== false)
      await client(first).swarmInit({ ListenAddr: '127.0.0.1:2377', AdvertiseAddr: '127.0.0.1' });
    await importDemoImage(first.host, cache);
  } catch (error) {
    await end();
    throw error;
  }
  return {
    ...first,
    stop: end,
    async another(dir) {
      const engine = await startEngine({ dir, cache, within: ['nsenter', network, 'unshare', '--mount'] });
      others.push(engine);
      await importDemoImage(engine.host, cache);
      return engine;
    },
    async join(worker) {
      const { JoinTokens } = (await client(first).swarmInspect()) as { JoinTokens: { Worker: string } };
      const address = `127.0.0.${others.indexOf(worker) + 2}`;
      await client(worker).swarmJoin({
        ListenAddr: `${address}:2377`,
        AdvertiseAddr: address,
        RemoteAddrs: ['127.0.0.1:2377'],
        JoinToken: JoinTokens.Worker,
      });
    },
    async reach(port) {
      relays.push(await relay(port, network, options.dir));
    },
  };
}

/** What runs inside: a port that hands its connections to a socket, which is a file and thus the same in both networks. */
const inside = `const net = require('node:net');
const [path, port, ready] = process.argv.slice(1);
net.createServer((c) => {
  const o = net.connect(path);
  for (const [a, b] of [[c, o], [o, c]]) a.on('error', () => b.destroy()).pipe(b);
}).listen(Number(port), '127.0.0.1', () => require('node:fs').writeFileSync(ready, ''));`;

async function relay(port: number, network: string, dir: string): Promise<() => Promise<void>> {
  const path = join(tmpdir(), `cadenza-relay-${process.pid}-${port}.sock`);
  const ready = join(dir, `relay-${port}.ready`);
  const open = new Set<Socket>();
  const server: Server = createServer((c) => {
    const out = connect(port, '127.0.0.1');
    for (const [a, b] of [
      [c, out],
      [out, c],
    ] as const)
      open.add(a.on('error', () => b.destroy()).on('close', () => open.delete(a)));
    c.pipe(out).pipe(c);
  });
  await new Promise<void>((resolve, reject) => server.once('error', reject).listen(path, resolve));
  const args = [network, process.execPath, '-e', inside, path, String(port), ready];
  const { pid } = start('nsenter', args, { PATH: process.env['PATH'] ?? '' }, join(dir, `relay-${port}.log`));
  await until(`the relay to port ${port}`, 10_000, () => existsSync(ready), pid);
  return async () => {
    await stop(pid, 2_000);
    for (const socket of open) socket.destroy();
    await new Promise((resolve) => server.close(resolve));
    rmSync(path, { force: true });
  };
}
