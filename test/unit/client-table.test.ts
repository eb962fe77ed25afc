import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { listing } from '../../client/commands/list.ts';
import { pairs } from '../../client/table.ts';
import { painter, width } from '../../client/text.ts';
import { phases } from '../../model/phase.ts';
import { summary } from '../support/summaries.ts';

const now = Date.parse('2030-01-10T12:00:00.000Z');
const plain = painter({}, {});
const coloured = painter({ isTTY: true }, {});

const some = [
  summary({ name: 'Alpha', image: 'opencti/connector-alpha:6.8.1' }),
  summary({
    name: 'A connector with a rather long name',
    phase: 'failed',
    container: null,
    restarts: 12,
    lastError: {
      kind: 'ImagePull',
      message: 'the registry at registry.example.com does not know opencti/connector-none:1',
    },
  }),
];

describe('the table of connectors', () => {
  test('without a terminal nothing is cut', () => {
    expect(listing(some, {}, undefined, plain, now)).toEqual([
      'NAME                                 PLATFORM  PHASE    REQUESTED  CURRENT  CONTAINER  IMAGE                          RESTARTS  SINCE  LAST ERROR',
      'Alpha                                opencti   running  start      started  alpha      opencti/connector-alpha:6.8.1  0         3m',
      'A connector with a rather long name  opencti   failed   start      started  -          opencti/connector-x:1          12        3m     ImagePull: the registry at registry.example.com does not know opencti/connector-none:1',
    ]);
  });

  test('a terminal of 120 cells: the long columns give way, the short ones stay whole', () => {
    const lines = listing(some, {}, 120, plain, now);
    expect(lines.map(width).every((w) => w <= 120)).toBe(true);
    expect(lines[2]).toContain('failed   start');
    expect(lines[2]).toContain('…');
  });

  test('any connectors fit any terminal, with and without colours', () => {
    const anySummary = fc
      .record({
        name: fc.string({ unit: 'grapheme' }),
        phase: fc.constantFrom(...phases),
        image: fc.string(),
        container: fc.option(fc.string()),
        restarts: fc.nat(),
        lastError: fc.option(fc.record({ kind: fc.string(), message: fc.string() })),
      })
      .map((over) => summary(over));
    fc.assert(
      fc.property(
        fc.array(anySummary, { minLength: 1, maxLength: 5 }),
        fc.integer({ min: 1, max: 250 }),
        (all, columns) => {
          const lines = listing(all, {}, columns, plain, now);
          expect(lines).toHaveLength(all.length + 1);
          for (const line of lines) expect(width(line)).toBeLessThanOrEqual(columns);
          // oxlint-disable-next-line no-control-regex
          expect(listing(all, {}, columns, coloured, now).map((l) => l.replaceAll(/\u001b\[\d+m/g, ''))).toEqual(lines);
        },
      ),
    );
  });

  test('phases are coloured', () => {
    expect(listing(some, {}, undefined, coloured, now).join('\n')).toContain('\u001b[31mfailed\u001b[0m');
  });

  test('an empty list says what to do', () => {
    expect(listing([], {}, 80, plain, now)).toEqual([expect.stringContaining('Add one on the platform')]);
    expect(listing([], { phase: 'failed' }, 80, plain, now)).toEqual([expect.stringContaining('(failed)')]);
  });
});

test('keys and values stand under one another', () => {
  expect(
    pairs(
      [
        ['a', '1'],
        ['long', '2'],
      ],
      plain,
    ),
  ).toEqual(['a     1', 'long  2']);
});
