import { type AddressInfo, createServer } from 'node:net';

/** The port if nothing listens there; for 0 any such port. */
const free = (port: number): Promise<number | undefined> =>
  new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(undefined));
    server.listen(port, '127.0.0.1', () => {
      const { port: got } = server.address() as AddressInfo;
      server.close(() => resolve(got));
    });
  });

const claimed = new Set<number>();

/**
 * Keeps a port for this process until it ends. A free port is bound by a child only later, and another start must not
 * choose it in the meantime. The claim is a name in Linux's abstract socket space, of the same network namespace as the
 * port, and it cannot outlive the process; other systems have none and do without.
 */
const claim = (port: number): Promise<boolean> =>
  new Promise((resolve) => {
    if (claimed.has(port)) return resolve(true);
    const server = createServer();
    const done = (ours: boolean): void => {
      if (ours) claimed.add(port);
      resolve(ours);
    };
    server.once('error', (error: NodeJS.ErrnoException) => done(error.code !== 'EADDRINUSE'));
    server.listen(`\0cadenza-port-${port}`, () => {
      server.unref();
      done(true);
    });
  });

async function take(port: number): Promise<number | undefined> {
  const got = await free(port);
  return got !== undefined && (await claim(got)) ? got : undefined;
}

/** Attempts at any free port: it may be another one's between two looks. */
const attempts = 20;

/** The first of these ports that is free and nobody else's, else any such port. 0: any. */
export async function port(...wanted: readonly number[]): Promise<number> {
  for (const one of [...wanted, ...Array<number>(attempts).fill(0)]) {
    const got = await take(one);
    if (got !== undefined) return got;
  }
  throw new Error('no port is free on 127.0.0.1');
}
