import { expect } from 'vitest';
import type { RuntimeObject } from '../../model/connector.ts';
import { type Ground, eventually, groundImage } from './ground.ts';

/** Deadline for what takes a few polls on a busy machine. */
export const settled = 60_000;

/** What a test says about one connector: its container, what the platform was told, and how it comes into a loop. */
export function scenes(g: Ground) {
  const { control } = g.sandbox;
  const add = (name: string, requested: 'starting' | 'stopped' = 'starting'): string =>
    control.add({ name, image: groundImage, requested, configuration: [{ key: 'PACE', value: '1' }] }).id;
  const only = (id: string): RuntimeObject => {
    const [object, ...more] = g.objects(id);
    expect(more, 'more than one container').toEqual([]);
    if (object === undefined) throw new Error('there is no container');
    return object;
  };
  /** Runs, and the entity knows this very process. */
  const up = async (id: string): Promise<RuntimeObject> => {
    await eventually(async () => {
      const { state, startedAt } = only(id);
      expect(state).toBe('running');
      const { memory, doing } = await g.state(id);
      expect({ known: memory.known?.startedAt, doing }).toEqual({ known: startedAt, doing: null });
    }, settled);
    return { ...only(id) };
  };
  const crash = async (id: string, exitCode = 1): Promise<void> => {
    await up(id);
    const { crashes } = (await g.state(id)).memory;
    g.runtime.crash(id, exitCode);
    await eventually(async () => expect((await g.state(id)).memory.crashes).toBe(crashes + 1), settled);
  };
  const told = (id: string) => control.statusCalls(id).map((c) => c.status);
  const health = (id: string) => {
    const { restart_count, is_in_reboot_loop } = control.connector(id).health ?? {};
    return { restart_count, is_in_reboot_loop };
  };
  const phase = async (id: string) => (await g.listed()).get(id)?.phase;
  return { add, only, up, crash, told, health, phase };
}
