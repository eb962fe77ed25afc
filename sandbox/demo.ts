/** The connectors a visitor finds on a fresh sandbox, added once a manager can decrypt their secrets. */
import { add } from './authoring.ts';
import { contractBySlug } from './catalogue.ts';
import { isSecret } from './contract.ts';
import { madeSecret, type World } from './world.ts';

interface Demo {
  readonly name: string;
  readonly slug: string;
  readonly requested: 'starting' | 'stopped';
  readonly configuration?: Readonly<Record<string, string>>;
}

const demos: readonly Demo[] = [
  { name: 'mitre-att-ck', slug: 'mitre', requested: 'starting' },
  { name: 'ipinfo', slug: 'ipinfo', requested: 'starting', configuration: { DEMO_PRINT_KEYS: 'true' } },
  { name: 'alienvault', slug: 'alienvault', requested: 'starting' },
  { name: 'nist-nvd-cve', slug: 'nist-nvd-cve', requested: 'starting' },
  { name: 'misp', slug: 'misp', requested: 'starting', configuration: { MISP_URL: 'https://misp.example.org' } },
  { name: 'shodan-internetdb', slug: 'shodan-internetdb', requested: 'stopped' },
  {
    name: 'demo-crash-loop',
    slug: 'import-document',
    requested: 'starting',
    configuration: { DEMO_CRASH_AFTER: '5', DEMO_LOG_INTERVAL: '1' },
  },
];

export function addDemo(world: World): void {
  world.demoAdded = true;
  for (const { name, slug, requested, configuration } of demos) {
    if ([...world.connectors.values()].some((connector) => connector.name === name)) continue;
    const contract = contractBySlug(slug);
    if (contract === undefined) continue;
    const given = new Map(Object.entries({ CONNECTOR_LOG_LEVEL: 'info', ...configuration }));
    for (const [key, property] of Object.entries(contract.config_schema.properties))
      if (isSecret(property)) given.set(key, madeSecret(world, `demo/${name}/${key}`));
    const image = contract.container_image;
    const userId = `[C] ${name}`;
    add(world, { name, image, userId, automaticUser: true, configuration: given, requested });
  }
}
