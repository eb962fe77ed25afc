/** The instances a visitor finds on a fresh sandbox. */
import { isSecret } from '../contract.ts';
import { madeSecret, type World } from '../world.ts';
import { aevContract } from './catalogue.ts';
import { addInstance } from './instances.ts';

const demos: readonly { readonly slug: string; readonly requested: 'starting' | 'stopping' }[] = [
  { slug: 'openaev_crowdstrike', requested: 'starting' },
  { slug: 'openaev_nmap', requested: 'starting' },
  { slug: 'openaev_shodan', requested: 'stopping' },
];

export function addDemoInstances(world: World): void {
  world.openaev.demoAdded = true;
  for (const { slug, requested } of demos) {
    const contract = aevContract(slug);
    if (contract === undefined) continue;
    const secrets = Object.entries(contract.config_schema.properties)
      .filter(([, property]) => isSecret(property))
      .map(([key]) => ({ key, value: madeSecret(world, `demo/${slug}/${key}`) }));
    const level = { key: `${contract.container_type}_LOG_LEVEL`, value: 'info' };
    addInstance(world, { title: contract.title, slug, requested, configuration: [level, ...secrets] });
  }
}
