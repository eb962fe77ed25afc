import type { Session } from './io.ts';
import { cut } from './text.ts';

const quiet = 1_000;

/**
 * One line on standard error that says how far a long command has come. Shows nothing before a second has passed; on a
 * terminal the line is overwritten and wiped at the end, elsewhere each new text is a line of its own.
 */
export function progressLine({ err }: Pick<Session, 'err'>): {
  readonly tell: (text: string) => void;
  readonly end: () => void;
} {
  let latest = '';
  let open = false;
  const show = (): void => {
    open = true;
    err.write(err.isTTY === true ? `\r${cut(latest, (err.columns ?? 80) - 1)}\u001b[K` : `${latest}\n`);
  };
  const timer = setTimeout(() => {
    if (latest !== '') show();
    open = true;
  }, quiet);
  return {
    tell: (text) => {
      if (text === latest) return;
      latest = text;
      if (open) show();
    },
    end: () => {
      clearTimeout(timer);
      if (open && latest !== '' && err.isTTY === true) err.write('\r\u001b[K');
    },
  };
}
