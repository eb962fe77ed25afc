import { type Colour, type Paint, cut, oneLine, padded, width } from './text.ts';

export interface Column<Row> {
  readonly title: string;
  readonly value: (row: Row) => string;
  /** Narrower than this it is not cut to fit the terminal (cells); absent: it is never cut. */
  readonly least?: number;
  readonly colour?: (row: Row) => Colour | undefined;
}

const gap = 2;

/**
 * A table as lines. `columns` is the width of the terminal: the widest of the columns that may be cut give way first,
 * and where even that is not enough every line is cut at the edge. `undefined` (no terminal): nothing is cut.
 */
export function table<Row>(
  rows: readonly Row[],
  shape: readonly Column<Row>[],
  columns: number | undefined,
  paint: Paint,
): readonly string[] {
  const texts = rows.map((row) => shape.map((c) => oneLine(c.value(row))));
  const natural = shape.map((c, i) => Math.max(width(c.title), ...texts.map((t) => width(t[i] ?? ''))));
  const widths = columns === undefined ? natural : fitted(natural, shape, columns);
  const line = (cellsOf: readonly string[], colourOf: (i: number) => Colour | undefined): string => {
    let left = columns ?? Number.POSITIVE_INFINITY;
    let text = '';
    let pending = '';
    for (const [i, cell] of cellsOf.entries()) {
      if (left <= 0) break;
      const room = Math.min(widths[i] ?? 0, left);
      const shown = cut(cell, room);
      // Blanks at the end of a line would wrap in a terminal that is exactly as wide as the table.
      if (shown !== '') {
        text += pending + paint(colourOf(i), shown);
        pending = '';
      }
      pending += ' '.repeat(Math.max(0, (widths[i] ?? 0) - width(shown)) + gap);
      left -= (widths[i] ?? 0) + gap;
    }
    return text;
  };
  return [
    line(
      shape.map((c) => c.title),
      () => 'bold',
    ),
    ...rows.map((row, r) => line(texts[r] ?? [], (i) => shape[i]?.colour?.(row))),
  ];
}

function fitted<Row>(natural: readonly number[], shape: readonly Column<Row>[], columns: number): readonly number[] {
  const widths = [...natural];
  const leastOf = (i: number): number =>
    Math.min(widths[i] ?? 0, Math.max(shape[i]?.least ?? Number.POSITIVE_INFINITY, width(shape[i]?.title ?? '')));
  let over = widths.reduce((sum, w) => sum + w, 0) + gap * (widths.length - 1) - columns;
  while (over > 0) {
    const loose = widths.map((w, i) => w - leastOf(i));
    const most = Math.max(...widths.filter((_, i) => (loose[i] ?? 0) > 0), 0);
    if (most === 0) break;
    const i = widths.findIndex((w, at) => w === most && (loose[at] ?? 0) > 0);
    widths[i] = most - 1;
    over--;
  }
  return widths;
}

/** `key  value` lines with the values under one another. */
export function pairs(entries: readonly (readonly [string, string])[], paint: Paint): readonly string[] {
  const keys = Math.max(0, ...entries.map(([key]) => width(key)));
  return entries.map(([key, value]) => `${paint('dim', padded(key, keys))}  ${value}`);
}
