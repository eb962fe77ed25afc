/** Text as a terminal shows it: widths, cutting, colours, times. Pure. */

const segmenter = new Intl.Segmenter(undefined, { granularity: 'grapheme' });
/** East Asian wide forms and emoji take two cells. */
const wide =
  /[\u1100-\u115f\u2e80-\u303e\u3041-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6]|[\u{20000}-\u{3fffd}]|\p{Emoji_Presentation}/u;
const invisible = /^[\p{Mn}\p{Me}\p{Cf}]+$/u;

const cells = (grapheme: string): number => (wide.test(grapheme) ? 2 : invisible.test(grapheme) ? 0 : 1);

const plainAscii = /^[\x20-\x7e]*$/;

/** Cells a text without control characters takes. */
export function width(text: string): number {
  if (plainAscii.test(text)) return text.length;
  let sum = 0;
  for (const { segment } of segmenter.segment(text)) sum += cells(segment);
  return sum;
}

/** One line without control characters: a name or message from elsewhere must not steer the terminal. */
export const oneLine = (text: string): string => text.replaceAll(/[\p{Cc}\u2028\u2029]+/gu, ' ').trim();

/** At most `max` cells; what is cut off is shown by `…`. */
export function cut(text: string, max: number): string {
  if (width(text) <= max) return text;
  let kept = '';
  let sum = 0;
  for (const { segment } of segmenter.segment(text)) {
    sum += cells(segment);
    if (sum > max - 1) break;
    kept += segment;
  }
  return max < 1 ? '' : `${kept.trimEnd()}…`;
}

export const padded = (text: string, to: number): string => text + ' '.repeat(Math.max(0, to - width(text)));

const codes = { bold: 1, dim: 2, red: 31, green: 32, yellow: 33, blue: 34, magenta: 35, cyan: 36 } as const;
export type Colour = keyof typeof codes;
export type Paint = (colour: Colour | undefined, text: string) => string;

/** Colours on a terminal, unless the person said no (https://no-color.org). */
export const painter = (
  out: { readonly isTTY?: boolean | undefined },
  env: Readonly<Record<string, string | undefined>>,
): Paint =>
  out.isTTY === true && (env['NO_COLOR'] ?? '') === '' && env['TERM'] !== 'dumb'
    ? (colour, text) => (colour === undefined || text === '' ? text : `\u001b[${codes[colour]}m${text}\u001b[0m`)
    : (_colour, text) => text;

const units = [
  ['d', 86_400],
  ['h', 3_600],
  ['m', 60],
] as const;

/** How long ago (`3m`, `2h`, `5d`); `text` is ISO 8601. */
export function since(text: string, now: number): string {
  const seconds = Math.floor((now - Date.parse(text)) / 1_000);
  if (!Number.isFinite(seconds)) return '';
  for (const [unit, size] of units) if (seconds >= size) return `${Math.floor(seconds / size)}${unit}`;
  return `${Math.max(0, seconds)}s`;
}

/** How long from now (`in 40s`); `text` is ISO 8601. */
export const until = (text: string, now: number): string => {
  const ahead = Date.parse(text) - now;
  return ahead <= 0 ? 'now' : `in ${since(new Date(now - ahead).toISOString(), now)}`;
};
