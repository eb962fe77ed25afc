import { beforeEach, describe, expect, test } from 'vitest';
import { type Busy, busy } from '../../activities/busy.ts';

/** Engine events while an action of ours is under way. */
describe('events of our own actions', () => {
  let woken: string[];
  let b: Busy;
  /** An action that goes on when told to: `look` begins its look, `end` ends it. */
  const acting = (id: string) => {
    let looking: () => void = () => undefined;
    let end: () => void = () => undefined;
    let fail: () => void = () => undefined;
    const result = b.run(id, (l) => {
      looking = l;
      return new Promise<string>((resolve, reject) => {
        end = () => resolve('done');
        fail = () => reject(new Error('no'));
      });
    });
    return { result, look: () => looking(), end: () => end(), fail: () => fail() };
  };

  beforeEach(() => {
    woken = [];
    b = busy((id, event) => woken.push(`${id} ${event}`));
  });

  test('wake nobody before the action looks, and the result passes', async () => {
    const action = acting('a');
    expect(b.absorbs('a', 'start')).toBe(true);
    action.look();
    action.end();
    expect(await action.result).toBe('done');
    expect(woken).toEqual([]);
  });

  test('that come once it looks are handed on when it ends: the last of them', async () => {
    const action = acting('a');
    action.look();
    expect(b.absorbs('a', 'die')).toBe(true);
    expect(b.absorbs('a', 'destroy')).toBe(true);
    expect(woken).toEqual([]);
    action.end();
    await action.result;
    expect(woken).toEqual(['a destroy']);
  });

  test('its own start, told late, is not news: the look has seen it', async () => {
    const action = acting('a');
    action.look();
    expect(b.absorbs('a', 'start')).toBe(true);
    action.end();
    await action.result;
    expect(woken).toEqual([]);
  });

  test('are handed on when it fails, too', async () => {
    const action = acting('a');
    action.look();
    b.absorbs('a', 'die');
    action.fail();
    await expect(action.result).rejects.toThrow('no');
    expect(woken).toEqual(['a die']);
  });

  test('events of other connectors, and those after the end, are none of its business', async () => {
    const action = acting('a');
    expect(b.absorbs('b', 'die')).toBe(false);
    action.end();
    await action.result;
    expect(b.absorbs('a', 'die')).toBe(false);
    expect(woken).toEqual([]);
  });

  test('an action that took over keeps its events when the earlier one ends late', async () => {
    const [early, late] = [acting('a'), acting('a')];
    early.end();
    await early.result;
    late.look();
    expect(b.absorbs('a', 'die')).toBe(true);
    late.end();
    await late.result;
    expect(woken).toEqual(['a die']);
  });
});
