import http from 'node:http';
import type { AddressInfo } from 'node:net';
import { inspect } from 'node:util';
import { expect, test } from 'vitest';
import { agentFor } from '../../runtimes/portainer/agent.ts';

test('an agent with open connections is printed in one line: every request prints it', async () => {
  const server = http.createServer((_request, response) => response.end('ok')).listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  const { port } = server.address() as AddressInfo;
  const agent = agentFor(new URL(`http://127.0.0.1:${port}`), { unsecuredCertificate: false });
  await new Promise<void>((resolve) => {
    http.get({ host: '127.0.0.1', port, agent }, (response) => response.resume().once('end', () => resolve()));
  });
  await new Promise((resolve) => setImmediate(resolve));
  expect(Object.values(agent.freeSockets).flat()).toHaveLength(1);
  expect(inspect({ agent }, { showHidden: true, depth: null }).length).toBeLessThan(200);
  agent.destroy();
  server.close();
});
