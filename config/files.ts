import { readdirSync, readFileSync } from 'node:fs';
import { extname, isAbsolute, join, relative, resolve } from 'node:path';
import { FormatError, formats } from './formats.ts';
import type { Table } from './node.ts';
import type { ConfigProblem } from './problem.ts';

export interface FilesRead {
  /** Low to high. */
  readonly tables: readonly Table[];
  readonly problems: readonly ConfigProblem[];
  readonly warnings: readonly string[];
}

type Variables = Readonly<Record<string, string | undefined>>;

const known = Object.keys(formats);
/** XTM Composer's loader takes these as well. */
const refused = ['json5', 'ron', 'ini'];

/**
 * `config/default.<ext>` and `config/<mode>.<ext>` below the working folder, both optional; or one file named by hand,
 * which stands for both. The mode is `COMPOSER_ENV`, `production` if that is not set.
 */
export function readFiles(cwd: string, env: Variables, named: string | undefined): FilesRead {
  const file = named ?? given(env['CADENZA_CONFIG']);
  if (file !== undefined) return readFile(cwd, resolve(cwd, file));
  const mode = given(env['COMPOSER_ENV']) ?? 'production';
  const names = mode === 'default' ? ['default'] : ['default', mode];
  return together(names.map((name) => readNamed(cwd, name)));
}

const given = (text: string | undefined): string | undefined => (text?.trim() ? text.trim() : undefined);

const together = (parts: readonly FilesRead[]): FilesRead => ({
  tables: parts.flatMap((p) => p.tables),
  problems: parts.flatMap((p) => p.problems),
  warnings: parts.flatMap((p) => p.warnings),
});

const nothing: FilesRead = { tables: [], problems: [], warnings: [] };
const faulty = (path: string, reason: string, fix: string): FilesRead => ({
  ...nothing,
  problems: [{ path, reason, fix }],
});

function readNamed(cwd: string, name: string): FilesRead {
  if (/[/\\]/.test(name))
    return faulty('COMPOSER_ENV', 'is not the name of a mode', `give a plain name; config/<name>.yaml is then read`);
  const folder = join(cwd, 'config');
  const here = new Set(entries(folder));
  const found = known.filter((ext) => here.has(`${name}.${ext}`));
  const other = refused.filter((ext) => here.has(`${name}.${ext}`)).map((ext) => `config/${name}.${ext}`);
  const [first, ...rest] = found.map((ext) => `config/${name}.${ext}`);
  if (first === undefined)
    return other[0] === undefined
      ? nothing
      : faulty(other[0], 'has a format that is not read', `write it as config/${name}.yaml, .toml or .json`);
  const warnings = [...rest, ...other].map((path) => `${path} is not read: ${first} is`);
  return together([{ ...nothing, warnings }, readFile(cwd, join(cwd, first))]);
}

function entries(folder: string): readonly string[] {
  try {
    return readdirSync(folder);
  } catch {
    return []; // no folder: the built-in defaults and the environment will do
  }
}

function readFile(cwd: string, path: string): FilesRead {
  const shown = path.startsWith(cwd) && isAbsolute(path) ? relative(cwd, path) : path;
  const parse = formats[extname(path).slice(1).toLowerCase()];
  if (parse === undefined)
    return faulty(shown, 'has a format that is not read', 'give a .yaml, .yml, .toml or .json file');
  let source: string;
  try {
    source = readFileSync(path, 'utf8').replace(/^\uFEFF/, '');
  } catch (error) {
    return faulty(shown, `cannot be read (${cause(error)})`, 'see that it is there and that this user may read it');
  }
  try {
    const node = parse(source, shown);
    if (node.kind === 'table') return { ...nothing, tables: [node] };
    if (node.kind === 'scalar' && node.value === null) return nothing;
    return faulty(shown, 'holds no sections', 'begin with a section such as manager: or opencti:');
  } catch (error) {
    if (error instanceof FormatError) return faulty(shown, error.message, 'mend that place in the file');
    throw error;
  }
}

const causes: Readonly<Record<string, string>> = {
  ENOENT: 'no such file',
  EACCES: 'permission denied',
  EISDIR: 'it is a folder',
};

/** The cause of a failed file operation in words. */
export const cause = (error: unknown): string => {
  const code = error instanceof Error ? (error as NodeJS.ErrnoException).code : undefined;
  return code === undefined ? 'unknown error' : (causes[code] ?? code);
};
