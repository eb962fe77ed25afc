import * as fc from 'fast-check';

/**
 * The cases of the property tests are the same in every run, so that a test that fails does so because of a change.
 * `FC_SEED=random` looks for new ones, `FC_SEED=<number>` repeats what such a run found.
 */
const wish = process.env['FC_SEED'] ?? '';
if (wish !== 'random') fc.configureGlobal({ seed: wish === '' ? 20_250_101 : Number(wish) });
