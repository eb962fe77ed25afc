/** Every label, annotation and variable name that marks a runtime object, and nothing else. */
export const managerLabel = 'opencti-manager';
export const connectorLabel = 'opencti-connector-id';
export const platformLabel = 'opencti-platform';
export const specHashLabel = 'cadenza-spec-hash';
/** Environment variable (Docker, Swarm) or annotation (Kubernetes) with the platform's contract hash; same name for both platforms. */
export const hashVariable = 'OPENCTI_CONFIG_HASH';

/** The variables that hold a connector's own id, by which an unlabelled container is recognised. */
export const idVariables = [
  'CONNECTOR_ID',
  'COLLECTOR_ID',
  'INJECTOR_ID',
  'EXECUTOR_ID',
  'SECRETS_PROVIDER_ID',
] as const;
