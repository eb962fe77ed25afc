import { createHash } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { run } from './run.mjs';

/** npm packages, when the lock file is another than the one they were installed from. */
export async function installPackages(root) {
  const lock = createHash('sha256')
    .update(readFileSync(join(root, 'package-lock.json')))
    .update(process.version)
    .digest('hex');
  const stamp = join(root, 'node_modules', '.cadenza-lock');
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === lock) return 'present';
  // Not `npm ci`: it refuses a lock file that lacks the natives of other systems, and not every registry has them all.
  // What the lock file names is installed exactly as it says, and the file is left as it is.
  await run('npm', ['install', '--ignore-scripts', '--no-save', '--no-audit', '--no-fund', '--loglevel=error'], {
    cwd: root,
  });
  writeFileSync(stamp, lock);
  return 'installed';
}
