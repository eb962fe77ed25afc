import { defineConfig } from 'vitest/config';

/** One project per tier (docs/testing.md): `unit` needs nothing; the others get their services from test/support/services.ts. */
const tier = (name: string, services: boolean) => ({
  extends: true as const,
  test: {
    name,
    include: [`test/${name}/**/*.test.ts`],
    setupFiles: ['test/support/properties.ts'],
    testTimeout: services ? 60_000 : 30_000,
    hookTimeout: 120_000,
    fileParallelism: name !== 'e2e',
    // Real servers on a busy machine: a test may fail once in CI; the last lines of the run name each that did.
    retry: services && process.env['CI'] !== undefined ? 1 : 0,
    ...(services ? { globalSetup: ['test/support/services.ts'] } : {}),
  },
});

export default defineConfig({
  test: {
    reporters: ['default', './test/support/tally.ts'],
    projects: [
      tier('unit', false),
      tier('activity', false),
      tier('replay', false),
      tier('contract', true),
      tier('entity', true),
      tier('e2e', true),
    ],
  },
});
