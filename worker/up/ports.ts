import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { port } from '../../tools/ports.ts';
import { writeAtomic } from './files.ts';

export interface HomePorts {
  /** The port this home had for `name` the last time if it is free, else the usual one, else any free one. */
  pick(name: string, usual: number): Promise<number>;
}

/**
 * A home keeps its ports: the sandbox's address is part of what every connector is given, and another one would have
 * them all replaced.
 */
export function homePorts(home: string): HomePorts {
  const file = join(home, 'ports.json');
  const kept = read(file);
  return {
    pick: async (name, usual) => {
      const before = kept[name];
      const got = await port(...(before === undefined ? [usual] : [before, usual]));
      if (got !== before) {
        kept[name] = got;
        writeAtomic(file, `${JSON.stringify(kept, undefined, 2)}\n`);
      }
      return got;
    },
  };
}

function read(file: string): Record<string, number> {
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as Record<string, number>;
  } catch {
    return {};
  }
}
