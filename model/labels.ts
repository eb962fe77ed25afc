import type { Platform } from './connector.ts';

/** Every label, annotation and variable name that marks a runtime object, and nothing else. */
export const managerLabel = 'opencti-manager';
export const connectorLabel = 'opencti-connector-id';
export const platformLabel = 'opencti-platform';
export const specHashLabel = 'cadenza-spec-hash';
/** Environment variable (Docker, Swarm) or annotation (Kubernetes) with the platform's contract hash; same name for both platforms. */
export const hashVariable = 'OPENCTI_CONFIG_HASH';

/**
 * The variables that hold a connector's own id, by which an unlabelled container is recognised. On OpenAEV the one that
 * is there tells collectors, injectors, executors and secret providers apart.
 */
export const ownIdVariables: Readonly<Record<Platform, readonly string[]>> = {
  opencti: ['CONNECTOR_ID'],
  openaev: ['COLLECTOR_ID', 'INJECTOR_ID', 'EXECUTOR_ID', 'SECRETS_PROVIDER_ID'],
};
export const idVariables: readonly string[] = Object.values(ownIdVariables).flat();
