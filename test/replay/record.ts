/**
 * Records the histories the replay tests go through: runs each life on a real Temporal server and writes what its
 * workflows did. `npx tsx test/replay/record.ts`, after "node tools/setup.mjs test" or with TEMPORAL_ADDRESS set. Only
 * to add a life, or when a history may be forgotten on purpose: what is recorded anew replays by itself.
 */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { homedir, hostname, tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { historyToJSON } from '@temporalio/common/lib/proto-utils.js';
import { DefaultLogger, Runtime } from '@temporalio/worker';
import { cacheFolder, inCache, root } from '../../tools/cache.ts';
import { port } from '../../tools/ports.ts';
import { startTemporal } from '../../tools/temporal.ts';
import { lives } from './lives.ts';
import type { Keep } from './scene.ts';
import { readable, scrubbed } from './scrub.ts';

const folder = fileURLToPath(new URL('./histories/', import.meta.url));
const largest = 150_000;

const keep: Keep = (name, history, secrets) => {
  const clean = scrubbed(JSON.parse(historyToJSON(history as Parameters<typeof historyToJSON>[0])) as never);
  const text = readable(clean);
  const traces = [hostname(), `${userInfo().username}@`, homedir(), root, tmpdir(), '127.0.0.1', ...secrets];
  for (const trace of traces) if (text.includes(trace)) throw new Error(`${name} would hold "${trace}"`);
  const json = `${JSON.stringify(clean)}\n`;
  if (json.length > largest) throw new Error(`${name} has ${json.length} bytes; a life of at most ${largest} will do`);
  writeFileSync(join(folder, `${name}.json`), json);
  process.stdout.write(`${name}: ${json.length} bytes\n`);
};

Runtime.install({ logger: new DefaultLogger('ERROR') });
mkdirSync(folder, { recursive: true });
const dir = mkdtempSync(join(tmpdir(), 'cadenza-record-'));
const given = process.env['TEMPORAL_ADDRESS'];
const server = given
  ? undefined
  : await startTemporal({ cli: inCache(cacheFolder()).temporal, dir, port: await port(0), uiPort: await port(0) });
try {
  // `record.ts whole faults`: only these.
  const only = process.argv.slice(2);
  for (const life of lives)
    if (only.length === 0 || only.includes(life.name)) await life(given ?? server?.address ?? '', keep);
} finally {
  await server?.stop();
  rmSync(dir, { recursive: true, force: true });
}
process.exit(0);
