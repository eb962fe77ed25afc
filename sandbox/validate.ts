/** Checks a configuration against its contract as the platform does: coerces, fills defaults, refuses unknown keys. */
import { type Contract, isSecret, type Property, serverKeys } from './contract.ts';

const formats: Readonly<Record<string, (text: string) => boolean>> = {
  uri: (text) => URL.canParse(text),
  duration: (text) => /^P(?=.)(\d+Y)?(\d+M)?(\d+W)?(\d+D)?(T(?=\d)(\d+H)?(\d+M)?(\d+(\.\d+)?S)?)?$/.test(text),
  email: (text) => /^[^\s@]+@[^\s@]+$/.test(text),
  'date-time': (text) => /^\d{4}-\d\d-\d\dT[\d:.]+(Z|[+-]\d\d:\d\d)$/.test(text) && !Number.isNaN(Date.parse(text)),
  date: (text) => /^\d{4}-\d\d-\d\d$/.test(text) && !Number.isNaN(Date.parse(text)),
};

type Coerced = { readonly value: string } | { readonly fault: string };

function coerce(property: Property, given: string): Coerced {
  switch (property.type) {
    case 'integer': {
      const number = Number(given);
      if (given.trim() === '' || !Number.isInteger(number)) return { fault: 'must be an integer' };
      if (number <= (property.exclusiveMinimum ?? -Infinity))
        return { fault: `must be greater than ${property.exclusiveMinimum}` };
      if (number < (property.minimum ?? -Infinity)) return { fault: `must be at least ${property.minimum}` };
      return { value: String(number) };
    }
    case 'boolean':
      return /^(true|false)$/i.test(given) ? { value: given.toLowerCase() } : { fault: 'must be true or false' };
    case 'array':
      return { value: given.split(',').map((item) => item.trim()).join(',') }; // prettier-ignore
    case 'string': {
      if (property.enum !== undefined && !property.enum.includes(given))
        return { fault: `must be one of ${property.enum.join(', ')}` };
      const fits = formats[property.format ?? ''] ?? (() => true);
      return fits(given) ? { value: given } : { fault: `must be a valid ${property.format}` };
    }
  }
}

export interface Checked {
  readonly entries: readonly { readonly key: string; readonly value: string; readonly secret: boolean }[];
  /** One line per fault; never quotes a value, which may be a secret. */
  readonly faults: readonly string[];
}

/**
 * In the order of the contract. An empty value counts as not given. Secrets in `stored` may be absent: they keep what
 * they have, and come back with an empty value.
 */
export function checkConfiguration(
  contract: Contract,
  given: ReadonlyMap<string, string>,
  stored: ReadonlySet<string> = new Set(),
  byServer: readonly string[] = serverKeys,
): Checked {
  const { properties, required } = contract.config_schema;
  const faults: string[] = [];
  const entries: { key: string; value: string; secret: boolean }[] = [];
  for (const key of given.keys())
    if (properties[key] === undefined || byServer.includes(key)) faults.push(`${key}: is not part of the contract`);
  for (const [key, property] of Object.entries(properties)) {
    if (byServer.includes(key)) continue;
    const secret = isSecret(property);
    const fallback = property.default === undefined ? '' : String(property.default);
    const value = given.get(key) || fallback;
    if (value !== '') {
      const coerced = coerce(property, value);
      if ('fault' in coerced) faults.push(`${key}: ${coerced.fault}`);
      else entries.push({ key, value: coerced.value, secret });
    } else if (secret && stored.has(key)) entries.push({ key, value: '', secret });
    else if (required.includes(key) && key !== 'CONNECTOR_ID') faults.push(`${key}: is required`);
  }
  return { entries, faults };
}
