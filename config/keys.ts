import { z } from 'zod';
import { infoOf, type KeyInfo } from './leaf.ts';

/** One key of the configuration, found in the schema. */
export interface Key {
  /** `opencti.daemon.docker.dns`. */
  readonly path: string;
  /** `OPENCTI__DAEMON__DOCKER__DNS`. */
  readonly env: string;
  readonly schema: z.ZodType;
  readonly info: KeyInfo;
}

export type Section = z.ZodObject;

/** The keys of a section in the order of the schema; `path` is the section's own, `''` for the whole. */
export function keysOf(section: Section, path = ''): readonly Key[] {
  return children(section, path).flatMap(([at, child]) => {
    const info = infoOf(child);
    if (info !== undefined) return [{ path: at, env: envName(at), schema: child, info }];
    return child instanceof z.ZodObject ? keysOf(child, at) : [];
  });
}

/** Paths of all sections below this one. */
export function sectionsOf(section: Section, path = ''): readonly string[] {
  return children(section, path).flatMap(([at, child]) =>
    infoOf(child) === undefined && child instanceof z.ZodObject ? [at, ...sectionsOf(child, at)] : [],
  );
}

const children = (section: Section, path: string): readonly (readonly [string, z.ZodType])[] =>
  Object.entries(section.shape).map(([name, child]) => [path === '' ? name : `${path}.${name}`, child as z.ZodType]);

/** Upper case, levels joined by two underscores. */
export const envName = (path: string): string => path.toUpperCase().replaceAll('.', '__');

/** The value a key has when nothing sets it. */
export const standardOf = (key: Key): unknown => key.schema.safeParse(undefined).data;
