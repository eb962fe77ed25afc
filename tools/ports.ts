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

/** The first of these ports that is free, else any free one. 0: any. */
export async function port(...wanted: readonly number[]): Promise<number> {
  let got: number | undefined;
  for (const one of [...wanted, 0]) got ??= await free(one);
  if (got === undefined) throw new Error('no port is free on 127.0.0.1');
  return got;
}
