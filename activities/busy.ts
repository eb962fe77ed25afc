/**
 * Engine events of our own actions wake nobody: the action looks afterwards anyway. What happened after that look began
 * is handed on when the action ends, so that a death right behind it is not lost; the start it brought about is not news.
 */
export interface Busy {
  run<T>(id: string, action: (looking: () => void) => Promise<T>): Promise<T>;
  /** True when the event belongs to an action under way; it is kept until that ends. */
  absorbs(id: string, event: string): boolean;
}

export function busy(wake: (id: string, event: string) => void): Busy {
  const under = new Map<string, { looking: boolean; readonly late: string[] }>();
  return {
    async run(id, action) {
      const mine = { looking: false, late: [] as string[] };
      under.set(id, mine);
      try {
        return await action(() => {
          mine.looking = true;
        });
      } finally {
        if (under.get(id) === mine) under.delete(id);
        const event = mine.late.at(-1);
        if (event !== undefined) wake(id, event);
      }
    },
    absorbs(id, event) {
      const mine = under.get(id);
      if (mine === undefined) return false;
      // A start may be told late, but the look has seen the process; only its end would be news.
      if (mine.looking && event !== 'start') mine.late.push(event);
      return true;
    },
  };
}
