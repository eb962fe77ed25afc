import { randomUUID } from 'node:crypto';
import { describe } from 'vitest';
import { swarm } from '../../runtimes/swarm.ts';
import { demoImage } from '../../tools/image.ts';
import { client, containerOf, here, options, ownSwarm, until } from './swarm-support.ts';
import { runtimeContract } from './suite.ts';

describe.runIf(here)('on a Swarm', () => {
  runtimeContract('Docker Swarm', async () => {
    const { swarm: own, end } = await ownSwarm();
    const engine = client(own);
    const create = async (name: string, replicas: number, labels: Record<string, string>, env: string[]) => {
      const { id } = await engine.createService({
        Name: name,
        Labels: labels,
        TaskTemplate: { ContainerSpec: { Image: demoImage, Env: env }, Networks: [{ Target: 'host' }] },
        Mode: { Replicated: { Replicas: replicas } },
      });
      return engine.getService(id);
    };
    return {
      runtime: swarm(options(own)),
      managerId: `suite-${randomUUID()}`,
      image: demoImage,
      logs: true,
      inPlace: true,
      foreign: async (name) => {
        const service = await create(name, 0, {}, []);
        return {
          // Its version is not in it: the Swarm itself writes to a service that is new.
          state: async () => {
            const { ID, Spec } = (await service.inspect()) as { ID: string; Spec: object };
            return JSON.stringify({ ID, Spec });
          },
          remove: async () => void (await service.remove()),
        };
      },
      legacy: async (name, labels, hash) => {
        const { id } = await create(name, 1, { ...labels }, [`OPENCTI_CONFIG_HASH=${hash}`]);
        await until('its task', async () => (await containerOf(engine, id)).id !== '');
        return id;
      },
      kill: async (ref) => void (await (await containerOf(engine, ref)).kill()),
      refused: (s) => ({ ...s, image: 'NO IMAGE' }),
      cleanUp: end,
    };
  });
});
