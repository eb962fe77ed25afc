import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/**
 * The workflow bundle made at build time, one for payloads in clear and one for encrypted ones; the sources when there is
 * none, which costs two seconds at the start.
 */
export function workflowCode(encrypted: boolean): { workflowBundle: { codePath: string } } | { workflowsPath: string } {
  const codePath = fileURLToPath(new URL(`../workflow-bundle${encrypted ? '-encrypted' : ''}.js`, import.meta.url));
  if (existsSync(codePath)) return { workflowBundle: { codePath } };
  const extension = import.meta.url.endsWith('.ts') ? 'ts' : 'js';
  return { workflowsPath: fileURLToPath(new URL(`../workflows/index.${extension}`, import.meta.url)) };
}
