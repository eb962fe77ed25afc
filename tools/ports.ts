import { type AddressInfo, createServer } from 'node:net';

/** True when nothing listens there. */
const free = (port: number): Promise<number | undefined> =>
  new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(undefined));
    server.listen(port, '127.0.0.1', () => {
      const { port: got } = server.address() as AddressInfo;
      server.close(() => resolve(got));
    });
  });

/** The usual port if it is free, else any free one. 0: any. */
export async function port(usual: number): Promise<number> {
  const got = (await free(usual)) ?? (await free(0));
  if (got === undefined) throw new Error('no port is free on 127.0.0.1');
  return got;
}
