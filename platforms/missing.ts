import { benign, Problem } from '../model/errors.ts';
import type { ClientOptions, OptionalCall } from './options.ts';

export interface OptionalCalls {
  /** Makes a call unless this version of the platform is known not to have it: `FeatureMissing` then, unasked. */
  attempt(operation: OptionalCall, call: () => Promise<unknown>): Promise<void>;
  /** The platform runs this version now; another one than before may have what was missing. */
  versionIs(version: string): void;
}

/** Remembers what a platform does not have, so that it is asked once in each version. */
export function optionalCalls(title: string, onMissing: ClientOptions['onFeatureMissing']): OptionalCalls {
  const missing = new Map<OptionalCall, string>();
  let current = '';
  return {
    async attempt(operation, call) {
      if (missing.has(operation))
        throw benign(
          'FeatureMissing',
          `${title} ${missing.get(operation)} does not take ${operation}; not asked again until its version changes`,
        );
      try {
        await call();
      } catch (error) {
        if (error instanceof Problem && error.type === 'FeatureMissing' && !missing.has(operation)) {
          missing.set(operation, current);
          onMissing?.(operation, error);
        }
        throw error;
      }
    },
    versionIs(version) {
      if (version !== current) missing.clear();
      current = version;
    },
  };
}
