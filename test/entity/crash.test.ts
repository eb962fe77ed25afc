import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Policy } from '../../model/policy.ts';
import { type Ground, eventually, makeGround } from '../support/ground.ts';
import { scenes, settled } from '../support/scenes.ts';

const minutes = 60_000;

const policy: Partial<Policy> = { loopDelayFirst: 1_000, loopWindow: 20 * minutes, healthyReset: 40 * minutes };

describe.skipIf(!process.env['TEMPORAL_ADDRESS'])('a connector that crashes', () => {
  let g: Ground;
  let s: ReturnType<typeof scenes>;
  beforeAll(async () => {
    g = await makeGround({ policy });
    s = scenes(g);
  });
  afterAll(() => g.close());

  /** Ended for the fourth time, and waiting. */
  const looping = async (name: string, crashes = 4): Promise<string> => {
    const id = s.add(name);
    for (let n = 1; n <= crashes; n++) await s.crash(id);
    await eventually(() => expect(s.told(id)).toEqual(['started', 'stopped']), settled);
    return id;
  };
  const calm = async (id: string, restarts: number): Promise<void> => {
    await s.up(id);
    await eventually(async () => {
      expect(await s.phase(id)).toBe('running');
      expect(s.told(id)).toEqual(['started', 'stopped', 'started']);
      expect(s.health(id)).toEqual({ restart_count: restarts, is_in_reboot_loop: false });
    }, settled);
    expect((await g.state(id)).memory).toMatchObject({ crashes: 0, looping: false });
  };

  test('is started again, whatever its exit code, and the platform sees only the count', async () => {
    const id = s.add('Once');
    const { ref } = await s.up(id);
    for (const [n, exitCode] of [0, 137].entries()) {
      await s.crash(id, exitCode);
      expect((await s.up(id)).ref).toBe(ref);
      await eventually(async () => {
        expect(s.health(id)).toEqual({ restart_count: n + 1, is_in_reboot_loop: false });
        expect(g.sandbox.control.connector(id).logs.join('\n')).toContain(
          `crashed: unplanned end number ${n + 1}, exit code ${exitCode}; starting again at once`,
        );
        expect((await g.listed()).get(id)).toMatchObject({ phase: 'running', restarts: n + 1 });
      }, settled);
    }
    expect(s.told(id)).toEqual(['started']);
  });

  test('waits longer and longer from the fourth time on; the list and the platform show it', async () => {
    const id = s.add('Again');
    for (let n = 1; n <= 3; n++) await s.crash(id);
    await s.up(id);
    expect(s.told(id)).toEqual(['started']);
    expect((await g.state(id)).memory.looping).toBe(false);
    for (let n = 4; n <= 6; n++) {
      const delay = 1_000 * 2 ** (n - 4);
      await s.crash(id);
      const ended = Date.parse(s.only(id).finishedAt ?? '');
      await eventually(async () => {
        const found = await g.listed('CadenzaPhase = "looping" AND CadenzaLooping = true');
        expect(found.get(id)).toMatchObject({ restarts: n, reportedStatus: 'stopped' });
        expect(s.health(id)).toEqual({ restart_count: n, is_in_reboot_loop: true });
        expect(g.sandbox.control.connector(id).logs.join('\n')).toMatch(
          new RegExp(`reboot_loop: ${n} unplanned ends, the last with exit code 1; next start \\d{4}-`),
        );
      }, settled);
      const { crashedAt, startDueAt } = (await g.state(id)).memory;
      expect((startDueAt ?? 0) - (crashedAt ?? 0)).toBeGreaterThanOrEqual(0.8 * delay);
      expect((startDueAt ?? 0) - (crashedAt ?? 0)).toBeLessThanOrEqual(1.2 * delay);
      const { startedAt } = await s.up(id);
      expect(Date.parse(startedAt ?? '') - ended).toBeGreaterThanOrEqual(0.8 * delay);
    }
    // It runs, but is not trusted yet.
    await g.polls(2);
    expect(await s.phase(id)).toBe('looping');
    expect(s.told(id)).toEqual(['started', 'stopped']);
  });

  test('an operator ends the waiting with a restart', async () => {
    const id = await looping('Helped', 6);
    const due = (await g.state(id)).memory.startDueAt ?? 0;
    const answer = await g.command(id, 'restart');
    expect(answer).toMatchObject({ settled: true, phase: 'running', actions: [{ action: 'start' }] });
    expect(Date.parse((await s.up(id)).startedAt ?? '')).toBeLessThan(due);
    await calm(id, 6);
    // The count begins anew: the next end is answered at once.
    await s.crash(id);
    await s.up(id);
    expect((await g.state(id)).memory).toMatchObject({ crashes: 1, looping: false });
  });

  test('an operator ends the mistrust with a restart', async () => {
    const id = await looping('Trusted');
    const { startedAt } = await s.up(id);
    expect(await g.command(id, 'restart')).toMatchObject({
      phase: 'running',
      actions: [{ action: 'stop' }, { action: 'start' }],
    });
    expect((await s.up(id)).startedAt).not.toBe(startedAt);
    await calm(id, 4);
  });

  test('a new configuration ends the loop', async () => {
    const id = await looping('Mended', 5);
    const { ref } = s.only(id);
    g.sandbox.control.edit(id, { configuration: [{ key: 'PACE', value: '2' }] });
    await eventually(() => expect(s.only(id).ref).not.toBe(ref), settled);
    await calm(id, 0);
  });

  test('a stop asked for while it waits holds, and the start after it comes at once', async () => {
    const id = await looping('Halted', 6);
    const { startDueAt } = (await g.state(id)).memory;
    const { startedAt } = s.only(id);
    g.sandbox.control.stop(id);
    await eventually(async () => {
      expect(await s.phase(id)).toBe('stopped');
      expect(s.health(id).is_in_reboot_loop).toBe(false);
    }, settled);
    while (Date.now() < (startDueAt ?? 0)) await g.polls(1);
    await g.polls(2);
    expect(s.only(id)).toMatchObject({ state: 'down', startedAt });
    expect(s.told(id)).toEqual(['started', 'stopped']);
    g.sandbox.control.start(id);
    await calm(id, 6);
  });

  test('a stop asked for while it runs untrusted stops it', async () => {
    const id = await looping('Cut short');
    await s.up(id);
    g.sandbox.control.stop(id);
    await eventually(() => expect(s.only(id).state).toBe('down'), settled);
    await eventually(async () => expect(await s.phase(id)).toBe('stopped'), settled);
    await g.polls(2);
    expect(s.only(id).state).toBe('down');
    expect(s.told(id)).toEqual(['started', 'stopped']);
    expect(s.health(id)).toEqual({ restart_count: 4, is_in_reboot_loop: false });
  });
});

describe.skipIf(!process.env['TEMPORAL_ADDRESS'])('the end of a reboot loop', () => {
  const window = 4_000;

  test('comes by itself: first trusted again, then all is forgotten', async () => {
    const g = await makeGround({
      policy: { loopRestarts: 1, loopDelayFirst: 200, loopWindow: window, healthyReset: 2 * window },
    });
    try {
      const s = scenes(g);
      const id = s.add('Recovers');
      await s.crash(id);
      await s.crash(id);
      await eventually(() => expect(s.told(id)).toEqual(['started', 'stopped']), settled);
      const { startedAt } = await s.up(id);
      const begun = Date.parse(startedAt ?? '');
      await eventually(async () => {
        expect(s.told(id)).toEqual(['started', 'stopped', 'started']);
        expect(s.health(id)).toEqual({ restart_count: 2, is_in_reboot_loop: false });
        expect((await g.listed('CadenzaLooping = false')).get(id)?.phase).toBe('running');
        expect(g.sandbox.control.connector(id).logs.join('\n')).toContain('reboot_loop_end');
      }, settled);
      expect(Date.parse(g.sandbox.control.statusCalls(id).at(-1)?.at ?? '') - begun).toBeGreaterThanOrEqual(window);
      await eventually(async () => expect((await g.state(id)).memory.crashes).toBe(0), settled);
      expect(Date.now() - begun).toBeGreaterThanOrEqual(2 * window);
      expect(s.only(id).startedAt).toBe(startedAt);
      // One end is one again, not the third.
      await s.crash(id);
      await s.up(id);
      expect((await g.state(id)).memory).toMatchObject({ crashes: 1, looping: false });
    } finally {
      await g.close();
    }
  });

  test('does not come by itself where the operator wants such a connector stopped', async () => {
    const g = await makeGround({ policy: { loopRestarts: 1, loopDelayFirst: 200, loopAction: 'stop' } });
    try {
      const s = scenes(g);
      const id = s.add('Given up');
      await s.crash(id);
      await s.crash(id);
      const { startedAt } = s.only(id);
      await eventually(async () => expect(await s.phase(id)).toBe('looping'), settled);
      await g.polls(4);
      expect(s.only(id)).toMatchObject({ state: 'down', startedAt });
      expect(s.told(id)).toEqual(['started', 'stopped']);
      g.sandbox.control.stop(id);
      await eventually(async () => expect(await s.phase(id)).toBe('stopped'), settled);
      g.sandbox.control.start(id);
      // At the next poll, although all is again as it was before the stop.
      await g.polls(2);
      await eventually(() => expect(s.only(id).state).toBe('running'), 3_000);
      await eventually(() => expect(s.told(id)).toEqual(['started', 'stopped', 'started']), settled);
    } finally {
      await g.close();
    }
  });

  test('is not waited for where loops are only to be shown', async () => {
    const g = await makeGround({ policy: { ...policy, loopRestarts: 1, loopDelayFirst: minutes, loopAction: 'flag' } });
    try {
      const s = scenes(g);
      const id = s.add('Shown');
      for (let n = 1; n <= 3; n++) await s.crash(id);
      await s.up(id);
      await eventually(async () => {
        expect(await s.phase(id)).toBe('looping');
        expect(s.health(id)).toEqual({ restart_count: 3, is_in_reboot_loop: true });
      }, settled);
    } finally {
      await g.close();
    }
  });
});
