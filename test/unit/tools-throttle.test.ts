import { type AddressInfo, connect, createServer } from 'node:net';
import { expect, test } from 'vitest';
import { throttle } from '../../tools/throttle.ts';

test('two connections share the rate, and nothing is lost', async () => {
  const content = Buffer.alloc(10_000, 'x');
  const server = createServer((socket) => socket.end(content));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const slow = await throttle((server.address() as AddressInfo).port, 40_000);
  const read = () =>
    new Promise<number>((resolve, reject) => {
      let length = 0;
      connect(slow.port, '127.0.0.1')
        .on('data', (data) => (length += data.length))
        .on('end', () => resolve(length))
        .on('error', reject);
    });
  const begun = Date.now();
  expect(await Promise.all([read(), read()])).toEqual([10_000, 10_000]);
  expect(Date.now() - begun).toBeGreaterThanOrEqual(490);
  await slow.stop();
  server.close();
});
