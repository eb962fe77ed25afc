import type { LogLine } from '../runtime.ts';

/**
 * Docker's log stream. Without a TTY it comes in frames: one byte stream (1 stdout, 2 stderr), three zero bytes, the
 * length as four bytes big-endian, then that much text. Frames do not end at line ends, so lines are put together per
 * stream. Each line begins with its timestamp, as asked for with `timestamps`.
 */
export function frameReader(tty: boolean): { push(chunk: Buffer): LogLine[]; end(): LogLine[] } {
  let rest: Buffer = Buffer.alloc(0);
  const partial: Record<number, Buffer[]> = {};
  const lines = (stream: number, data: Buffer): LogLine[] => {
    const out: LogLine[] = [];
    const pending = (partial[stream] ??= []);
    let from = 0;
    for (let at = data.indexOf(10, from); at >= 0; at = data.indexOf(10, from)) {
      pending.push(data.subarray(from, at));
      out.push(line(Buffer.concat(pending)));
      pending.length = 0;
      from = at + 1;
    }
    if (from < data.length) pending.push(Buffer.from(data.subarray(from)));
    return out;
  };
  return {
    push(chunk) {
      if (tty) return lines(1, chunk);
      rest = rest.length === 0 ? chunk : Buffer.concat([rest, chunk]);
      const out: LogLine[] = [];
      while (rest.length >= 8) {
        const size = rest.readUInt32BE(4);
        if (rest.length < 8 + size) break;
        out.push(...lines(rest[0] ?? 1, rest.subarray(8, 8 + size)));
        rest = rest.subarray(8 + size);
      }
      return out;
    },
    end() {
      return Object.values(partial).flatMap((pending) => (pending.length === 0 ? [] : [line(Buffer.concat(pending))]));
    },
  };
}

function line(bytes: Buffer): LogLine {
  const text = bytes.toString('utf8').replace(/\r$/, '');
  const space = text.indexOf(' ');
  const at = space < 0 ? text : text.slice(0, space);
  return /^\d{4}-\d\d-\d\dT/.test(at) ? { at, text: space < 0 ? '' : text.slice(space + 1) } : { at: '', text };
}
