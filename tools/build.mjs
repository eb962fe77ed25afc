import { createHash } from 'node:crypto';
import {
  chmodSync,
  copyFileSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { run } from './setup/run.mjs';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const sources = [
  'codec',
  'config',
  'model',
  'platforms',
  'runtimes',
  'activities',
  'workflows',
  'worker',
  'client',
  'sandbox',
  'tools',
];

/** Every source file's content in one hash: the build is done again when, and only when, it differs. */
function sourceHash() {
  const hash = createHash('sha256').update(process.version);
  const add = (path) => {
    for (const entry of readdirSync(path, { withFileTypes: true }).toSorted((a, b) => (a.name < b.name ? -1 : 1))) {
      const full = join(path, entry.name);
      if (entry.isDirectory()) add(full);
      else if (/\.(ts|json|mjs|cjs)$/.test(entry.name)) hash.update(full).update(readFileSync(full));
    }
  };
  for (const folder of sources) if (existsSync(join(root, folder))) add(join(root, folder));
  for (const file of ['package-lock.json', 'tsconfig.json', 'tsconfig.build.json'])
    hash.update(readFileSync(join(root, file)));
  return hash.digest('hex');
}

/** dist/ and the workflow bundle. */
export async function build() {
  const dist = join(root, 'dist');
  const stamp = join(dist, '.source-hash');
  const wanted = sourceHash();
  link(dist);
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === wanted) return 'present';
  rmSync(dist, { recursive: true, force: true });
  await run(process.execPath, [join(root, 'node_modules', 'typescript', 'bin', 'tsc'), '-p', 'tsconfig.build.json'], {
    cwd: root,
  });
  const { bundleWorkflowCode } = await import(
    pathToFileURL(join(root, 'node_modules', '@temporalio', 'worker', 'lib', 'index.js')).href
  );
  const quiet = {
    log() {},
    trace() {},
    debug() {},
    info() {},
    warn() {},
    error: (m) => process.stderr.write(`${m}\n`),
  };
  copyFileSync(join(root, 'codec', 'failures.cjs'), join(dist, 'codec', 'failures.cjs'));
  // Two bundles: with encrypted payloads the messages of failures travel encrypted too, and that is decided here.
  const workflowsPath = join(dist, 'workflows', 'index.js');
  const bundle = async (name, options) => {
    const { code } = await bundleWorkflowCode({
      workflowsPath,
      // Evaluated once and not anew for every workflow: none of these modules keeps anything of a workflow.
      preloadModules: [workflowsPath],
      logger: quiet,
      ...options,
    });
    writeFileSync(join(dist, name), code);
  };
  await bundle('workflow-bundle.js', {});
  await bundle('workflow-bundle-encrypted.js', { failureConverterPath: join(dist, 'codec', 'failures.cjs') });
  chmodSync(join(dist, 'client', 'main.js'), 0o755);
  link(dist);
  writeFileSync(stamp, wanted);
  return 'built';
}

/** npm does not link a project's own commands; `npx cadenza` finds this. */
function link(dist) {
  const target = join(root, 'node_modules', '.bin', 'cadenza');
  mkdirSync(dirname(target), { recursive: true });
  try {
    lstatSync(target);
  } catch {
    symlinkSync(join(dist, 'client', 'main.js'), target);
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) process.stdout.write(`${await build()}\n`);
