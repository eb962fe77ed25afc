import type { Platform } from '../model/connector.ts';

/** What people are told about a platform. */
export interface Facts {
  /** `OpenCTI`. */
  readonly title: string;
  /** The oldest release Cadenza works with, and what older ones lack. */
  readonly oldestVersion: string;
  readonly before: string;
  /** Rights the token's user needs: to list connectors, to report about them, and all of them in one phrase. */
  readonly listRight: string;
  readonly reportRight: string;
  readonly rights: string;
}

export const facts: Readonly<Record<Platform, Facts>> = {
  opencti: {
    title: 'OpenCTI',
    oldestVersion: '6.8.0',
    before: 'no keys and no encrypted values',
    listRight: 'the right SETTINGS_SETACCESSES',
    reportRight: 'the right CONNECTORAPI',
    rights: 'CONNECTORAPI and SETTINGS_SETACCESSES',
  },
  openaev: {
    title: 'OpenAEV',
    oldestVersion: '2.1.0',
    before: 'no calls for a manager of connectors',
    listRight: 'access to the settings (ACCESS_TENANT_SETTINGS)',
    reportRight: 'management of the settings (MANAGE_TENANT_SETTINGS)',
    rights: 'access to and management of the settings (an administrator has both)',
  },
};
