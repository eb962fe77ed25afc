/** The workflow types a worker runs; the bundle's entry. */
export { connector } from './connector.ts';
export { orphans } from './orphans.ts';
export { platform } from './platform.ts';
