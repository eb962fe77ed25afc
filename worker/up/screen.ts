import type { RunFile } from './home.ts';

/** The one screen a start ends with. */
export function screen(
  run: RunFile,
  facts: {
    readonly privateEngine: boolean;
    readonly ownTemporal: boolean;
    readonly seconds: number;
    readonly home: string;
    readonly missing: readonly string[];
    readonly connectors: number;
  },
): string {
  const rows: readonly (readonly [string, string])[] = [
    ['Temporal UI', run.temporal.ui === '' ? '(of your own server)' : run.temporal.ui],
    ['Temporal', `${run.temporal.address}, namespace ${run.temporal.namespace}${facts.ownTemporal ? '' : ' (yours)'}`],
    ...(run.sandbox === null
      ? []
      : [['Sandbox', `${run.sandbox.url}  (a stand-in OpenCTI: add, start, stop and break connectors)`] as const]),
    ['Docker', `${run.docker.host}${facts.privateEngine ? ' (private, ends with Cadenza)' : ''}`],
    ['Health', run.health],
    ['Logs', `${facts.home}/logs`],
  ];
  const bold =
    process.stdout.isTTY && !process.env['NO_COLOR'] ? (t: string) => `\u001b[1m${t}\u001b[0m` : (t: string) => t;
  return [
    '',
    bold(
      `Cadenza is ready after ${facts.seconds.toFixed(1)} s${facts.connectors > 0 ? `, ${facts.connectors} demo connectors are up` : ''}`,
    ),
    ...(facts.missing.length === 0
      ? []
      : [`not running yet: ${facts.missing.join(', ')} ("npx cadenza show <name>" says why)`]),
    '',
    ...rows.map(([k, v]) => `  ${k.padEnd(12)} ${v}`),
    '',
    'Try next, in another terminal:',
    '  npx cadenza list --watch          what runs',
    '  npx cadenza show demo-crash-loop  one connector, its transitions and why',
    '  npx cadenza reconcile             poll at once and see what changed',
    '',
    'Ctrl-C stops everything; starting again goes on where it was.',
    '',
  ].join('\n');
}
