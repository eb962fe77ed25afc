import { chmodSync, renameSync, writeFileSync } from 'node:fs';

/** Writes a file whole or not at all, readable by its owner only. */
export function writeAtomic(file: string, content: string): void {
  const temporary = `${file}.${process.pid}.new`;
  writeFileSync(temporary, content, { mode: 0o600 });
  chmodSync(temporary, 0o600);
  renameSync(temporary, file);
}
