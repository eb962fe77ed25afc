import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { standardOf, type Key } from './keys.ts';
import { allKeys } from './sources.ts';

/**
 * The tables of docs/configuration.md, made from the schema. `npx tsx config/reference.ts` writes them there; a test
 * sees to it that they are current.
 */
const headings = ['Key', 'Accepted', 'Default', 'Environment', 'Meaning'] as const;

const begin = '<!-- keys: made by config/reference.ts -->';
const end = '<!-- /keys -->';

function reference(): string {
  const section = (name: string): readonly Key[] => allKeys.filter((key) => key.path.startsWith(`${name}.`));
  const openaev = new Map(section('openaev').map((key) => [key.path, key]));
  const platform = section('opencti').map((key): readonly string[] => {
    const other = openaev.get(key.path.replace('opencti', 'openaev'))!;
    const [one, two] = [standard(key), standard(other)];
    return [
      code(key.path.replace('opencti', '<platform>')),
      key.info.expects,
      one === two ? one : `opencti ${one || 'none'}, openaev ${two || 'none'}`,
      code(key.env.replace('OPENCTI', '<PLATFORM>')),
      key.info.about,
    ];
  });
  const rows = (name: string): readonly (readonly string[])[] =>
    section(name).map((key) => [code(key.path), key.info.expects, standard(key), code(key.env), key.info.about]);
  return [
    '## Manager',
    table(rows('manager')),
    '## Platforms',
    '`<platform>` is `opencti` or `openaev`, `<PLATFORM>` is `OPENCTI` or `OPENAEV`.',
    table(platform),
    '## Temporal',
    table(rows('temporal')),
  ].join('\n\n');
}

const code = (text: string): string => `\`${text}\``;

function standard(key: Key): string {
  const value = standardOf(key);
  if (value === undefined) return '';
  return code(typeof value === 'string' ? value : JSON.stringify(value));
}

/** Columns padded, as the formatter of the repository wants them. */
function table(rows: readonly (readonly string[])[]): string {
  const lines = [headings, ...rows].map((row) => row.map((cell) => cell.replaceAll('|', '\\|')));
  const widths = headings.map((_, column) => Math.max(...lines.map((line) => line[column]!.length)));
  const text = (cells: readonly string[]): string =>
    `| ${cells.map((cell, i) => cell.padEnd(widths[i]!)).join(' | ')} |`;
  const [head = [], ...body] = lines;
  return [text(head), text(widths.map((width) => '-'.repeat(width))), ...body.map(text)].join('\n');
}

/** The page with its tables made anew. */
export function withReference(page: string): string {
  const [before = '', rest = ''] = page.split(begin);
  const [, after = ''] = rest.split(end);
  return `${before}${begin}\n\n${reference()}\n\n${end}${after}`;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const file = fileURLToPath(new URL('../docs/configuration.md', import.meta.url));
  writeFileSync(file, withReference(readFileSync(file, 'utf8')));
}
