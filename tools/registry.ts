import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { inCache } from './cache.ts';
import { port } from './ports.ts';
import { start, stop, until } from './processes.ts';
import { connects } from './temporal.ts';
import { throttle } from './throttle.ts';

export interface Registry {
  /** `127.0.0.1:port`: engines allow plain HTTP there. */
  readonly server: string;
  /** The same one without its throttle. */
  readonly direct: string;
  stop(): Promise<void>;
}

/**
 * A real image registry on loopback. With `htpasswd` (lines `user:bcrypt hash`) every call needs these credentials; with
 * `bytesPerSecond` pulls are as slow as that, while `direct` stays fast, for pushes.
 */
export async function startRegistry(options: {
  readonly dir: string;
  readonly cache: string;
  readonly htpasswd?: string;
  readonly bytesPerSecond?: number;
}): Promise<Registry> {
  const { dir, cache } = options;
  const program = inCache(cache).registry;
  if (!existsSync(program)) throw new Error('the image registry was not loaded; run "node tools/setup.mjs test"');
  mkdirSync(join(dir, 'data'), { recursive: true });
  const at = await port(0);
  const passwords = join(dir, 'htpasswd');
  if (options.htpasswd !== undefined) writeFileSync(passwords, options.htpasswd);
  const config = [
    'version: 0.1',
    'log: { level: warn }',
    `storage: { filesystem: { rootdirectory: ${join(dir, 'data')} }, delete: { enabled: true } }`,
    `http: { addr: "127.0.0.1:${at}" }`,
    ...(options.htpasswd === undefined ? [] : [`auth: { htpasswd: { realm: cadenza, path: ${passwords} } }`]),
  ];
  const file = join(dir, 'registry.yml');
  writeFileSync(file, `${config.join('\n')}\n`);
  const { pid } = start(program, ['serve', file], { PATH: process.env['PATH'] ?? '' }, join(dir, 'registry.log'));
  await until('the image registry', 30_000, () => connects(at), pid);
  const direct = `127.0.0.1:${at}`;
  const slow = options.bytesPerSecond === undefined ? undefined : await throttle(at, options.bytesPerSecond);
  return {
    server: slow === undefined ? direct : `127.0.0.1:${slow.port}`,
    direct,
    stop: async () => {
      await slow?.stop();
      await stop(pid, 5_000);
    },
  };
}
