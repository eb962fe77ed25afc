/** A few well-known collectors, injectors and executors with their real keys, plus the switches of the demo image. */
import { demoKeys, draftOf } from '../catalogue.ts';
import { type Contract, duration, oneOf, type Property, secret, text, uri, whole } from '../contract.ts';

export type InstanceType = 'COLLECTOR' | 'INJECTOR' | 'EXECUTOR' | 'SECRETS_PROVIDER';

/** The key that holds the instance's own id, by which its type is told. */
export const idKey = (type: string): string => `${type}_ID`;

/** Filled by the server, so never asked of a user. */
export const aevServerKeys: readonly string[] = [
  'OPENAEV_URL',
  'OPENAEV_TOKEN',
  'OPENAEV_TENANT_ID',
  'COLLECTOR_ID',
  'INJECTOR_ID',
  'EXECUTOR_ID',
  'SECRETS_PROVIDER_ID',
];

interface Draft {
  readonly title: string;
  readonly slug: string;
  readonly image: string;
  readonly type: InstanceType;
  readonly about: string;
  readonly required?: readonly string[];
  readonly keys: Readonly<Record<string, Property>>;
}

const base = (type: InstanceType): Readonly<Record<string, Property>> => ({
  OPENAEV_URL: uri('The platform'),
  OPENAEV_TOKEN: text('Token of the instance'),
  OPENAEV_TENANT_ID: text('Tenant'),
  [idKey(type)]: text('Id of the instance'),
  [`${type}_NAME`]: text('Name of the instance'),
  [`${type}_LOG_LEVEL`]: oneOf('Log level', ['debug', 'info', 'warn', 'error'], 'error'),
});

const contract = (draft: Draft): Contract =>
  draftOf({
    title: draft.title,
    slug: draft.slug,
    image: draft.image,
    type: draft.type,
    about: draft.about,
    support: '2.1.0',
    source: 'https://github.com/OpenAEV-Platform',
    properties: { ...base(draft.type), ...draft.keys, ...demoKeys },
    required: draft.required ?? [],
  });

export const aevContracts: readonly Contract[] = [
  contract({
    title: 'CrowdStrike',
    slug: 'openaev_crowdstrike',
    image: 'openaev/collector-crowdstrike',
    type: 'COLLECTOR',
    about: 'Collects detections of CrowdStrike Falcon.',
    required: ['CROWDSTRIKE_CLIENT_SECRET'],
    keys: {
      COLLECTOR_PERIOD: duration('Time between two runs', 'PT1M'),
      COLLECTOR_PLATFORM: text('Kind of security platform', 'EDR'),
      CROWDSTRIKE_CLIENT_ID: text('Client id'),
      CROWDSTRIKE_CLIENT_SECRET: secret('Client secret'),
      CROWDSTRIKE_API_BASE_URL: uri('API', 'https://api.us-2.crowdstrike.com'),
      CROWDSTRIKE_UI_BASE_URL: uri('Console', 'https://falcon.us-2.crowdstrike.com'),
    },
  }),
  contract({
    title: 'Nmap: The network mapper',
    slug: 'openaev_nmap',
    image: 'openaev/injector-nmap',
    type: 'INJECTOR',
    about: 'Scans the network with Nmap.',
    keys: {},
  }),
  contract({
    title: 'Shodan',
    slug: 'openaev_shodan',
    image: 'openaev/injector-shodan',
    type: 'INJECTOR',
    about: 'Looks hosts up at Shodan.',
    required: ['SHODAN_API_KEY'],
    keys: { SHODAN_BASE_URL: uri('Service', 'https://api.shodan.io'), SHODAN_API_KEY: secret('API key') },
  }),
  contract({
    title: 'Censys',
    slug: 'openaev_censys',
    image: 'openaev/injector-censys',
    type: 'INJECTOR',
    about: 'Looks hosts up at Censys.',
    required: ['CENSYS_API_ID', 'CENSYS_API_SECRET'],
    keys: {
      CENSYS_BASE_URL: uri('Service', 'https://search.censys.io'),
      CENSYS_API_ID: secret('API id'),
      CENSYS_API_SECRET: secret('API secret'),
      CENSYS_PER_PAGE: whole('Hits in one answer', 100),
    },
  }),
  contract({
    title: 'Demo executor',
    slug: 'demo_executor',
    image: 'openaev/executor-demo',
    type: 'EXECUTOR',
    about: 'An executor that only exists here.',
    keys: {},
  }),
  contract({
    title: 'Demo secrets provider',
    slug: 'demo_secrets_provider',
    image: 'openaev/secrets-provider-demo',
    type: 'SECRETS_PROVIDER',
    about: 'A secrets provider that only exists here.',
    required: ['DEMO_VAULT_PASSWORD'],
    keys: { DEMO_VAULT_PASSWORD: secret('Password of the vault') },
  }),
];

export const aevContract = (slug: string | undefined): Contract | undefined =>
  aevContracts.find((candidate) => candidate.slug === slug);
