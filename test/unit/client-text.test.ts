import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { cut, oneLine, painter, since, until, width } from '../../client/text.ts';

const now = Date.parse('2030-01-10T12:00:00.000Z');

describe('since', () => {
  test.each<[string, string]>([
    ['2030-01-10T12:00:00.000Z', '0s'],
    ['2030-01-10T11:59:01.000Z', '59s'],
    ['2030-01-10T11:57:00.000Z', '3m'],
    ['2030-01-10T09:59:59.000Z', '2h'],
    ['2030-01-05T11:00:00.000Z', '5d'],
    ['2030-01-10T12:00:30.000Z', '0s'],
    ['no time at all', ''],
  ])('%s is %s', (at, text) => expect(since(at, now)).toBe(text));

  test('ahead', () => {
    expect(until('2030-01-10T12:04:00.000Z', now)).toBe('in 4m');
    expect(until('2030-01-10T11:00:00.000Z', now)).toBe('now');
  });
});

describe('width and cut', () => {
  test.each<[string, number]>([
    ['plain', 5],
    ['Étoile', 6],
    ['e\u0301', 1],
    ['日本', 4],
    ['🚀 up', 5],
    ['', 0],
  ])('%s takes %i cells', (text, cells) => expect(width(text)).toBe(cells));

  test('what is cut off is shown', () => {
    expect(cut('a long name', 6)).toBe('a lon…');
    expect(cut('short', 6)).toBe('short');
    expect(cut('日本語', 4)).toBe('日…');
    expect(cut('anything', 0)).toBe('');
  });

  test('nothing is ever wider than allowed', () =>
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), fc.nat(40), (text, max) => {
        expect(width(cut(oneLine(text), max))).toBeLessThanOrEqual(max);
      }),
    ));
});

test('a text from elsewhere cannot steer the terminal', () => {
  expect(oneLine('a\u001b[2Jb\r\nc\u0007')).toBe('a [2Jb c');
});

describe('colours', () => {
  test.each<[string, boolean | undefined, Record<string, string>, boolean]>([
    ['a terminal', true, {}, true],
    ['a pipe', undefined, {}, false],
    ['NO_COLOR', true, { NO_COLOR: '1' }, false],
    ['an empty NO_COLOR', true, { NO_COLOR: '' }, true],
    ['a dumb terminal', true, { TERM: 'dumb' }, false],
  ])('%s', (_name, isTTY, env, coloured) => {
    expect(painter({ isTTY }, env)('red', 'x') !== 'x').toBe(coloured);
  });
});
