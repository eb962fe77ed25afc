import { createConnection } from 'node:net';

/**
 * True when nobody listens at this `host:port` of this machine: a closed port says so at once, where Temporal's client
 * would go on trying until its time is up. Of other machines nothing is claimed.
 */
export const nobodyListens = (address: string): Promise<boolean> =>
  new Promise((resolve) => {
    const [, host, port] = /^(127\.0\.0\.1|localhost|\[::1\]):(\d+)$/.exec(address) ?? [];
    if (host === undefined) return resolve(false);
    const socket = createConnection({ host: host.replace(/[[\]]/g, ''), port: Number(port) })
      .once('connect', () => end(false))
      .once('error', (error: NodeJS.ErrnoException) => end(error.code === 'ECONNREFUSED' || isAggregate(error)));
    const end = (nobody: boolean): void => {
      socket.destroy();
      resolve(nobody);
    };
  });

/** `localhost` is two addresses: refused by both. */
const isAggregate = (error: NodeJS.ErrnoException): boolean =>
  error instanceof AggregateError && error.errors.every((e: NodeJS.ErrnoException) => e.code === 'ECONNREFUSED');
