import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fromEnvironment } from '../../config/environment.ts';
import { json } from '../../config/formats.ts';
import { distance, nearest } from '../../config/nearest.ts';
import { emptyTable, mergeTables, type Node, type Table } from '../../config/node.ts';
import { readConfig } from '../../config/read.ts';
import { allKeys } from '../../config/sources.ts';
import { folderWith } from './config-support.ts';

const cwd = folderWith({});
const lastOf = (path: string): string => path.slice(path.lastIndexOf('.') + 1);
const anyText = fc.string({ minLength: 1, unit: 'grapheme' }).filter((t) => !t.includes('\0'));
const table = (value: object): Table => json(JSON.stringify(value), 'x') as Table;

/** The plain values of a node. */
const plain = (node: Node): unknown =>
  node.kind === 'scalar'
    ? node.value
    : node.kind === 'list'
      ? node.items.map(plain)
      : Object.fromEntries([...node.entries].map(([name, child]) => [name, plain(child)]));

const tree = fc.letrec((tie) => ({
  node: fc.oneof(
    { depthSize: 'small' },
    fc.constantFrom('a', 'b', 1),
    fc.array(fc.constantFrom('x', 'y'), { maxLength: 2 }),
    tie('table'),
  ),
  table: fc.dictionary(fc.constantFrom('p', 'q', 'r'), tie('node'), { maxKeys: 3 }),
})).table as fc.Arbitrary<Record<string, unknown>>;

const isTable = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** What merging means, said once more and simply. */
function expected(low: unknown, high: unknown): unknown {
  if (!isTable(low) || !isTable(high)) return high;
  const both = { ...low, ...high };
  for (const name of Object.keys(both)) if (name in low && name in high) both[name] = expected(low[name], high[name]);
  return both;
}

describe('texts', () => {
  const free = allKeys.filter((key) => key.info.form === 'text' && key.info.expects === 'text' && !key.info.filled);
  it('come through the environment unchanged, for every key that takes any text', () => {
    expect(free.length).toBeGreaterThan(30);
    fc.assert(
      fc.property(anyText, fc.constantFrom(...free), (text, key) => {
        const { config, problems } = readConfig({ cwd, env: { [key.env]: text } });
        expect(problems).toEqual([]);
        const value = key.path
          .split('.')
          .reduce<unknown>((here, name) => (here as Record<string, unknown>)[name], config);
        expect(value).toBe(text);
      }),
    );
  });
  it('come through JSON, YAML flow and TOML unchanged', () => {
    fc.assert(
      fc.property(anyText, (text) => {
        const quoted = JSON.stringify(text).replaceAll('\u007f', String.raw`\u007f`);
        const forms = {
          json: `{"opencti":{"no_proxy":${quoted}}}`,
          yaml: `opencti: {no_proxy: ${quoted}}`,
          toml: `opencti.no_proxy = ${quoted}`,
        };
        for (const [ext, content] of Object.entries(forms)) {
          const reading = readConfig({ cwd: folderWith({ [`own.${ext}`]: content }), env: {}, file: `own.${ext}` });
          expect(reading.problems).toEqual([]);
          expect(reading.config.opencti.no_proxy).toBe(text);
        }
      }),
      { numRuns: 40 },
    );
  });
  it('come through lists, as JSON and as indexed variables', () => {
    fc.assert(
      fc.property(
        fc.array(
          fc.string({ unit: 'grapheme' }).filter((t) => !t.includes('\0')),
          { minLength: 1, maxLength: 12 },
        ),
        (list) => {
          const name = 'MANAGER__PREVIOUS_IDS';
          const indexed = Object.fromEntries(list.map((text, i) => [`${name}__${i}`, text]));
          for (const env of [{ [name]: JSON.stringify(list) }, indexed])
            expect(readConfig({ cwd, env }).config.manager.previous_ids).toEqual(list);
        },
      ),
    );
  });
});

describe('merging', () => {
  it('is deep for tables and replaces lists', () => {
    fc.assert(
      fc.property(tree, tree, (low, high) => {
        expect(plain(mergeTables(table(low), table(high)))).toEqual(expected(low, high));
      }),
    );
  });
  it('changes nothing when repeated or empty', () => {
    fc.assert(
      fc.property(tree, (a) => {
        const x = table(a);
        expect(plain(mergeTables(x, x))).toEqual(a);
        expect(plain(mergeTables(emptyTable, x))).toEqual(a);
      }),
    );
  });
});

describe('reading', () => {
  it('never throws and always gives a whole configuration, whatever the variables hold', () => {
    const variables = fc.dictionary(fc.constantFrom(...allKeys.map((key) => key.env)), fc.oneof(anyText, fc.json()), {
      maxKeys: 8,
    });
    fc.assert(
      fc.property(variables, (env) => {
        const { config, problems } = readConfig({ cwd, env });
        expect(Object.keys(config)).toEqual(['manager', 'opencti', 'openaev', 'temporal']);
        for (const problem of problems) expect(problem.fix).not.toBe('');
      }),
    );
  });
  it('keeps secrets out of what it says, whatever is wrong with them', () => {
    const secrets = allKeys.filter((key) => key.info.secret);
    const secretText = fc.stringMatching(/^[ -~]{1,20}SeCrEt[ -~]{0,20}$/);
    fc.assert(
      fc.property(fc.constantFrom(...secrets), secretText, (key, text) => {
        const { problems, warnings } = readConfig({ cwd, env: { [key.env]: text } });
        expect(JSON.stringify([problems, warnings])).not.toContain('SeCrEt');
      }),
    );
  });
  it('takes nothing from other variables', () => {
    const known = new Set(allKeys.map((key) => key.env));
    fc.assert(
      fc.property(fc.dictionary(fc.stringMatching(/^[A-Z_]{1,20}$/), anyText), (env) => {
        fc.pre(Object.keys(env).every((name) => ![...known].some((k) => name.startsWith(k))));
        expect(fromEnvironment(allKeys, env).entries.size).toBe(0);
      }),
    );
  });
});

it('finds the key a typo came from', () => {
  const candidates = allKeys.map((key) => key.path);
  fc.assert(
    fc.property(fc.constantFrom(...candidates.filter((path) => path.length > 15)), fc.nat(), (path, at) => {
      const name = path.lastIndexOf('.') + 1;
      const cut = name + (at % (path.length - name));
      const typo = path.slice(0, cut) + path.slice(cut + 1);
      fc.pre(!candidates.includes(typo) && !typo.endsWith('.'));
      const found = nearest(typo, candidates)!;
      expect(distance(lastOf(found), lastOf(typo))).toBeLessThanOrEqual(1);
    }),
  );
});
