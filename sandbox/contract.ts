/** A catalogue contract and the short hands that write its configuration schema. */
export interface Property {
  readonly type: 'string' | 'integer' | 'boolean' | 'array';
  readonly description: string;
  readonly default?: string | number | boolean | readonly string[];
  readonly enum?: readonly string[];
  readonly format?: 'password' | 'uri' | 'duration' | 'email' | 'date-time' | 'date';
  readonly writeOnly?: true;
  readonly exclusiveMinimum?: number;
  readonly minimum?: number;
  readonly items?: { readonly type: 'string' };
}

export interface Contract {
  readonly title: string;
  readonly slug: string;
  readonly description: string;
  readonly short_description: string;
  readonly logo: string;
  readonly use_cases: readonly string[];
  readonly verified: boolean;
  readonly last_verified_date: string;
  readonly playbook_supported: boolean;
  readonly max_confidence_level: number;
  readonly support_version: string;
  readonly subscription_link: string;
  readonly source_code: string;
  readonly manager_supported: boolean;
  readonly container_version: string;
  readonly container_image: string;
  readonly container_type: string;
  readonly config_schema: {
    readonly type: 'object';
    readonly properties: Readonly<Record<string, Property>>;
    readonly required: readonly string[];
    readonly additionalProperties: false;
  };
}

/** Filled by the server itself, so never asked of a user. */
export const serverKeys: readonly string[] = [
  'OPENCTI_URL',
  'OPENCTI_TOKEN',
  'CONNECTOR_TYPE',
  'CONNECTOR_RUN_AND_TERMINATE',
];

export const text = (description: string, fallback?: string): Property => ({
  type: 'string',
  description,
  ...(fallback === undefined ? {} : { default: fallback }),
});
export const oneOf = (description: string, values: readonly string[], fallback: string): Property => ({
  type: 'string',
  description,
  enum: values,
  default: fallback,
});
export const uri = (description: string, fallback?: string): Property => ({
  ...text(description, fallback),
  format: 'uri',
});
export const duration = (description: string, fallback: string): Property => ({
  ...text(description, fallback),
  format: 'duration',
});
export const secret = (description: string): Property => ({
  type: 'string',
  description,
  format: 'password',
  writeOnly: true,
});
export const whole = (description: string, fallback?: number, limit: Partial<Property> = {}): Property => ({
  type: 'integer',
  description,
  ...(fallback === undefined ? {} : { default: fallback }),
  ...limit,
});
export const flag = (description: string, fallback?: boolean): Property => ({
  type: 'boolean',
  description,
  ...(fallback === undefined ? {} : { default: fallback }),
});
export const list = (description: string, fallback?: readonly string[]): Property => ({
  type: 'array',
  description,
  items: { type: 'string' },
  ...(fallback === undefined ? {} : { default: fallback }),
});

export const isSecret = (property: Property): boolean => property.format === 'password';
