/** A field of something that came over the wire; undefined where there is none. */
export const fieldOf = (value: unknown, name: string): unknown =>
  typeof value === 'object' && value !== null ? Reflect.get(value, name) : undefined;

export const isText = (value: unknown): value is string => typeof value === 'string' && value !== '';
