import { type AddressInfo, connect, createServer } from 'node:net';
import { Transform } from 'node:stream';

export interface Throttle {
  readonly port: number;
  stop(): Promise<void>;
}

/** A port before a local one that answers with at most so many bytes a second, over all connections together. */
export async function throttle(to: number, bytesPerSecond: number): Promise<Throttle> {
  const sockets = new Set<{ destroy(): void }>();
  // The moment at which everything handed on so far would have been sent at that rate.
  let due = 0;
  const slow = () =>
    new Transform({
      transform(chunk: Buffer, _encoding, done) {
        due = Math.max(due, Date.now()) + (chunk.length / bytesPerSecond) * 1_000;
        setTimeout(() => done(null, chunk), due - Date.now());
      },
    });
  const server = createServer((client) => {
    const behind = connect({ host: '127.0.0.1', port: to });
    const ends = [client, behind];
    for (const end of ends) {
      sockets.add(end);
      end.on('error', () => ends.forEach((e) => e.destroy()));
      end.on('close', () => {
        sockets.delete(end);
      });
    }
    client.on('close', () => behind.destroy());
    client.pipe(behind);
    behind.pipe(slow()).pipe(client);
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, '127.0.0.1', resolve);
  });
  return {
    port: (server.address() as AddressInfo).port,
    stop: async () => {
      for (const socket of sockets) socket.destroy();
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
}
