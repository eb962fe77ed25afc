/** The catalogue of the stand-in platform: a few well-known connectors with their real keys, plus the demo switches. */
import { type Contract, duration, flag, list, oneOf, type Property, secret, text, uri, whole } from './contract.ts';

/** How the demo connector image behaves; ordinary keys without defaults, so they are only sent when set. */
export const demoKeys: Readonly<Record<string, Property>> = {
  DEMO_LOG_INTERVAL: whole('Demo image: seconds between log lines (5)', undefined, { minimum: 1 }),
  DEMO_LOG_LINES: whole('Demo image: log lines at a time (1)', undefined, { minimum: 1 }),
  DEMO_CRASH_AFTER: whole('Demo image: crash after this many seconds', undefined, { minimum: 0 }),
  DEMO_EXIT_CODE: whole('Demo image: exit code of the crash (1)', undefined, { minimum: 0 }),
  DEMO_EXIT_AFTER: whole('Demo image: exit 0 after this many seconds', undefined, { minimum: 0 }),
  DEMO_IGNORE_SIGTERM: flag('Demo image: do not react to SIGTERM'),
  DEMO_PRINT_KEYS: flag('Demo image: print the names of the configuration variables'),
  DEMO_WRITE_STDERR: flag('Demo image: write an error line to stderr as well'),
};

interface Draft {
  readonly title: string;
  readonly slug: string;
  readonly image: string;
  readonly type: string;
  readonly support: string;
  readonly about: string;
  readonly managed?: false;
  readonly required?: readonly string[];
  readonly keys: Readonly<Record<string, Property>>;
}

interface Common {
  readonly title: string;
  readonly slug: string;
  readonly image: string;
  readonly type: string;
  readonly support: string;
  readonly about: string;
  readonly source: string;
  readonly managed?: boolean;
  readonly required: readonly string[];
  readonly properties: Readonly<Record<string, Property>>;
}

/** A contract as either platform's catalogue holds it. */
export const draftOf = (draft: Common): Contract => ({
  title: draft.title,
  slug: draft.slug,
  description: draft.about,
  short_description: draft.about,
  logo: 'data:image/svg+xml;base64,PHN2ZyB4bWxucz0iaHR0cDovL3d3dy53My5vcmcvMjAwMC9zdmciIHZpZXdCb3g9IjAgMCA4IDgiLz4=',
  use_cases: [],
  verified: true,
  last_verified_date: '2026-01-01',
  playbook_supported: draft.type === 'INTERNAL_ENRICHMENT',
  max_confidence_level: 80,
  support_version: `>=${draft.support}`,
  subscription_link: '',
  source_code: draft.source,
  manager_supported: draft.managed ?? true,
  container_version: 'rolling',
  container_image: draft.image,
  container_type: draft.type,
  config_schema: {
    type: 'object',
    properties: draft.properties,
    required: draft.required,
    additionalProperties: false,
  },
});

const contract = ({ keys, required, ...draft }: Draft): Contract =>
  draftOf({
    ...draft,
    source: 'https://github.com/OpenCTI-Platform/connectors',
    properties: {
      OPENCTI_URL: uri('The platform'),
      OPENCTI_TOKEN: text('Token of the connector'),
      CONNECTOR_ID: text('Id of the connector'),
      CONNECTOR_LOG_LEVEL: oneOf('Log level', ['debug', 'info', 'warn', 'warning', 'error'], 'error'),
      ...keys,
      ...demoKeys,
    },
    required: ['OPENCTI_URL', 'OPENCTI_TOKEN', 'CONNECTOR_ID', ...(required ?? [])],
  });

const tlp = ['TLP:CLEAR', 'TLP:GREEN', 'TLP:AMBER', 'TLP:AMBER+STRICT', 'TLP:RED'];

export const contracts: readonly Contract[] = [
  contract({
    title: 'MITRE ATT&CK',
    slug: 'mitre',
    image: 'opencti/connector-mitre',
    type: 'EXTERNAL_IMPORT',
    support: '6.7.0',
    about: 'Imports the MITRE ATT&CK knowledge base.',
    keys: {
      MITRE_INTERVAL: whole('Days between two runs', 7, { exclusiveMinimum: 0 }),
      MITRE_REMOVE_STATEMENT_MARKING: flag('Remove the statement marking', false),
      MITRE_ENTERPRISE_FILE_URL: text('Enterprise matrix'),
      MITRE_MOBILE_ATTACK_FILE_URL: text('Mobile matrix'),
      MITRE_ICS_ATTACK_FILE_URL: text('ICS matrix'),
      MITRE_CAPEC_FILE_URL: text('CAPEC'),
    },
  }),
  contract({
    title: 'IPinfo',
    slug: 'ipinfo',
    image: 'opencti/connector-ipinfo',
    type: 'INTERNAL_ENRICHMENT',
    support: '5.6.1',
    about: 'Enriches IP addresses with geolocation and network data.',
    required: ['IPINFO_TOKEN'],
    keys: {
      IPINFO_TOKEN: secret('API token'),
      CONNECTOR_NAME: text('Name of the connector', 'IPInfo'),
      CONNECTOR_SCOPE: list('Scope', ['IPv4-Addr', 'IPv6-Addr']),
      CONNECTOR_AUTO: flag('Enrich automatically', true),
      IPINFO_MAX_TLP: oneOf('Highest marking sent to the service', tlp, 'TLP:AMBER'),
      IPINFO_USE_ASN_NAME: flag('Use the name of the network', true),
    },
  }),
  contract({
    title: 'AlienVault OTX',
    slug: 'alienvault',
    image: 'opencti/connector-alienvault',
    type: 'EXTERNAL_IMPORT',
    support: '6.5.1',
    about: 'Imports pulses of the Open Threat Exchange.',
    required: ['ALIENVAULT_API_KEY'],
    keys: {
      ALIENVAULT_API_KEY: secret('API key'),
      ALIENVAULT_BASE_URL: uri('Service', 'https://otx.alienvault.com'),
      CONNECTOR_DURATION_PERIOD: duration('Time between two runs', 'PT30M'),
      ALIENVAULT_TLP: text('Marking', 'White'),
      ALIENVAULT_PULSE_START_TIMESTAMP: text('First pulse', '2020-05-01T00:00:00'),
      ALIENVAULT_EXCLUDED_PULSE_INDICATOR_TYPES: list('Indicator types left out'),
    },
  }),
  contract({
    title: 'NIST NVD CVE',
    slug: 'nist-nvd-cve',
    image: 'opencti/connector-cve',
    type: 'EXTERNAL_IMPORT',
    support: '6.5.1',
    about: 'Imports vulnerabilities of the National Vulnerability Database.',
    required: ['CVE_API_KEY'],
    keys: {
      CVE_API_KEY: secret('API key'),
      CVE_BASE_URL: text('Service', 'https://services.nvd.nist.gov/rest/json/cves'),
      CVE_INTERVAL: whole('Hours between two runs', 6),
      CVE_MAX_DATE_RANGE: whole('Days in one request', 120),
      CVE_MAINTAIN_DATA: flag('Follow changes', true),
      CVE_PULL_HISTORY: flag('Import the past', false),
      CVE_HISTORY_START_YEAR: whole('First year of the past', 2019),
    },
  }),
  contract({
    title: 'MISP',
    slug: 'misp',
    image: 'opencti/connector-misp',
    type: 'EXTERNAL_IMPORT',
    support: '0.0.0',
    about: 'Imports events of a MISP instance.',
    required: ['MISP_URL', 'MISP_KEY'],
    keys: {
      MISP_URL: uri('The MISP instance'),
      MISP_KEY: secret('API key'),
      CONNECTOR_DURATION_PERIOD: duration('Time between two runs', 'PT5M'),
      MISP_SSL_VERIFY: flag('Check the certificate', false),
      MISP_CREATE_REPORTS: flag('Create reports', true),
      MISP_IMPORT_TAGS: list('Only events with these tags'),
    },
  }),
  contract({
    title: 'VirusTotal',
    slug: 'virustotal',
    image: 'opencti/connector-virustotal',
    type: 'INTERNAL_ENRICHMENT',
    support: '6.5.1',
    about: 'Enriches files, addresses and domains.',
    required: ['VIRUSTOTAL_TOKEN'],
    keys: { VIRUSTOTAL_TOKEN: secret('API token') },
  }),
  contract({
    title: 'Shodan InternetDB',
    slug: 'shodan-internetdb',
    image: 'opencti/connector-shodan-internetdb',
    type: 'INTERNAL_ENRICHMENT',
    support: '6.5.1',
    about: 'Enriches IP addresses with open ports.',
    keys: {},
  }),
  contract({
    title: 'Import Document',
    slug: 'import-document',
    image: 'opencti/connector-import-document',
    type: 'INTERNAL_IMPORT_FILE',
    support: '6.5.1',
    about: 'Reads documents.',
    keys: {},
  }),
  contract({
    title: 'Export File STIX',
    slug: 'export-file-stix',
    image: 'opencti/connector-export-file-stix',
    type: 'INTERNAL_EXPORT_FILE',
    support: '6.5.1',
    about: 'Exports STIX bundles. Not for a manager: adding it is refused.',
    managed: false,
    keys: {},
  }),
];

export const contractBySlug = (slug: string | undefined): Contract | undefined =>
  contracts.find((candidate) => candidate.slug === slug);
export const contractByImage = (image: string): Contract | undefined =>
  contracts.find((candidate) => candidate.container_image === image);
