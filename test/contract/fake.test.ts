import { randomUUID } from 'node:crypto';
import { permanent } from '../../model/errors.ts';
import { fakeRuntime } from '../support/fake-runtime.ts';
import { runtimeContract } from './suite.ts';

/** The runtime in memory keeps the same rules as the real ones, or tests at scale would prove nothing. */
runtimeContract('the runtime in memory', () => {
  const bad = 'cannot/be/created:1';
  const fake = fakeRuntime();
  const managerId = `suite-${randomUUID()}`;
  return Promise.resolve({
    runtime: {
      ...fake,
      deploy: (s, start, signal) =>
        s.image === bad ? Promise.reject(permanent('CreateRefused', 'refused')) : fake.deploy(s, start, signal),
      refresh: (s, current, start, signal) =>
        s.image === bad
          ? Promise.reject(permanent('CreateRefused', 'refused'))
          : fake.refresh(s, current, start, signal),
    },
    managerId,
    image: 'some/image:1',
    logs: false,
    foreign: (name) => {
      const o = fake.plant({ name, labels: {} });
      return Promise.resolve({
        state: () => Promise.resolve(JSON.stringify(fake.objects.get(o.ref))),
        remove: () => fake.remove(o.ref, AbortSignal.timeout(1_000)),
      });
    },
    legacy: (name, labels, contractHash) =>
      Promise.resolve(
        fake.plant({ name, labels, contractHash, state: 'running', startedAt: new Date().toISOString() }).ref,
      ),
    kill: (ref) => {
      fake.crash(fake.objects.get(ref)?.labels['opencti-connector-id'] ?? '', 137);
      return Promise.resolve();
    },
    refused: (s) => ({ ...s, image: bad }),
    cleanUp: () => Promise.resolve(),
  });
});
