import { z } from 'zod';

/**
 * How the raw text of a key is taken apart before its schema sees it. `text`: as written. `list`: list, JSON array,
 * comma list or indexed variables. `pems`: as `list`, but a plain text is one element. `map`, `maps`: texts by name, and
 * lists of such. `tree`: any JSON value with its own types.
 */
type Form = 'text' | 'list' | 'pems' | 'map' | 'maps' | 'tree';

/** What is known of a key beside its schema; the reference, error messages and masking are made from it. */
export interface KeyInfo {
  readonly form: Form;
  /** What is accepted, in words; in an error message it follows "expected". */
  readonly expects: string;
  /** Meaning, with its unit. */
  readonly about: string;
  /** Never shown. */
  readonly secret: boolean;
  /** An empty text is an error; of all other keys it means "not set". */
  readonly filled: boolean;
}

const infos = new WeakMap<z.ZodType, KeyInfo>();

/** The info of a key's schema; undefined for a section. */
export const infoOf = (schema: z.ZodType): KeyInfo | undefined => infos.get(schema);

type Extra = Partial<Omit<KeyInfo, 'about'>>;

/** Declares a key. */
export function key<S extends z.ZodType>(schema: S, about: string, extra: Extra = {}): S {
  infos.set(schema, { form: 'text', expects: 'text', secret: false, filled: false, about, ...extra });
  return schema;
}

export const secret = { secret: true } as const;

export const text = (about: string, extra?: Extra) => key(z.string().optional(), about, extra);
export const textOr = (standard: string, about: string, extra?: Extra) =>
  key(z.string().default(standard), about, extra);

/** Text that must not be blank. */
export const filledText = (standard: string, about: string, extra: Extra = {}) =>
  key(
    z
      .string()
      .refine((t) => t.trim() !== '', 'is empty')
      .default(standard),
    about,
    { filled: true, ...extra },
  );

const boolForms: Readonly<Record<string, boolean>> = {
  true: true,
  1: true,
  on: true,
  yes: true,
  false: false,
  0: false,
  off: false,
  no: false,
};
const boolText = z
  .string()
  .trim()
  .toLowerCase()
  .refine((t) => Object.hasOwn(boolForms, t), 'is neither true nor false')
  .transform((t) => boolForms[t] === true);
const boolExpects = 'true or false (also 1/0, on/off, yes/no)';

export const flag = (about: string) => key(boolText.optional(), about, { expects: boolExpects });
export const flagOr = (standard: boolean, about: string) =>
  key(boolText.default(standard), about, { expects: boolExpects });

const between = (least: number, most: number) =>
  z.number().min(least, `is less than ${least}`).max(most, `is more than ${most}`);
const wholeText = (least: number, most: number) =>
  z
    .string()
    .trim()
    .regex(/^[+-]?\d+$/, 'is not a whole number')
    .transform(Number)
    .pipe(between(least, most));
const range = (least: number, most: number, unit: string): string =>
  `a whole number${unit === '' ? '' : ` of ${unit}`}${most === Number.MAX_SAFE_INTEGER ? `, at least ${least}` : ` from ${least} to ${most}`}`;

/** A whole number; `unit` is a plural noun, or `''` for a plain count. */
export const whole = (least: number, most: number, unit: string, about: string) =>
  key(wholeText(least, most).optional(), about, { expects: range(least, most, unit) });
export const wholeOr = (standard: number, least: number, most: number, unit: string, about: string) =>
  key(wholeText(least, most).default(standard), about, { expects: range(least, most, unit) });

const decimalText = (least: number, most: number) =>
  z
    .string()
    .trim()
    .regex(/^[+-]?(\d+\.?\d*|\.\d+)$/, 'is not a number')
    .transform(Number)
    .pipe(between(least, most));

export const decimal = (least: number, most: number, about: string) =>
  key(decimalText(least, most).optional(), about, { expects: `a number from ${least} to ${most}, such as 1.5` });
export const decimalOr = (standard: number, least: number, most: number, about: string) =>
  key(decimalText(least, most).default(standard), about, { expects: `a number from ${least} to ${most}` });

export const choice = <const T extends readonly [string, ...string[]]>(values: T, standard: T[number], about: string) =>
  key(z.enum(values, 'is not one of the known words').default(standard as never), about, {
    expects: `one of ${values.join(', ')}`,
  });

const listExpects = 'a list; as a variable a,b or ["a","b"] or indexed __0, __1';

export const list = (about: string, extra: Extra = {}) =>
  key(z.array(z.string()).readonly().optional(), about, { form: 'list', expects: listExpects, ...extra });
export const listOr = (standard: readonly string[], about: string, extra: Extra = {}) =>
  key(z.array(z.string()).readonly().default(standard), about, { form: 'list', expects: listExpects, ...extra });
export const map = (about: string) =>
  key(z.record(z.string(), z.string()).readonly().optional(), about, {
    form: 'map',
    expects: 'a table of texts; as a variable a JSON object, or one variable per entry',
  });
