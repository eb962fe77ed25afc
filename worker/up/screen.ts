import type { RunFile } from './home.ts';

export interface ScreenFacts {
  readonly privateEngine: boolean;
  readonly ownTemporal: boolean;
  readonly seconds: number;
  readonly home: string;
  /** True when `home` is not the one the commands look at by themselves. */
  readonly otherHome: boolean;
  /** Demo connectors that are not up after all the waiting. */
  readonly missing: readonly string[];
}

/** The one screen a start ends with. Scripts wait for its line `Cadenza is ready`, so that stays without colour. */
export function screen(run: RunFile, facts: ScreenFacts): string {
  const { temporal, docker, sandbox, health } = run;
  const rows: (readonly [string, string])[] = [
    ['Temporal', `${temporal.address}, namespace ${temporal.namespace}${facts.ownTemporal ? '' : ' (yours)'}`],
    ...(temporal.ui === '' ? [] : [['Temporal UI', temporal.ui] as const]),
    ...(docker === null
      ? []
      : [['Docker', `${docker.host}${facts.privateEngine ? ' (private: ends with Cadenza)' : ''}`] as const]),
    ...(sandbox === null
      ? []
      : [['Sandbox', `${sandbox.url}  (a stand-in OpenCTI and OpenAEV to play with)`] as const]),
    ['Worker', health],
    ['Logs', `${facts.home}/logs`],
  ];
  const prefix = facts.otherHome ? `CADENZA_HOME=${facts.home} ` : '';
  const commands: readonly (readonly [string, string])[] = [
    ['list --watch', 'what runs'],
    [sandbox === null ? 'show <name>' : 'show demo-crash-loop', 'one connector, what became of it and why'],
    ['reconcile', 'compare with the platform now'],
  ];
  const width = Math.max(...commands.map(([command]) => command.length));
  return [
    '',
    `Cadenza is ready, after ${facts.seconds.toFixed(1)} s`,
    ...(facts.missing.length === 0
      ? []
      : [`Not up yet: ${facts.missing.join(', ')}. "npx cadenza show <name>" says why.`]),
    '',
    ...rows.map(([name, value]) => `  ${name.padEnd(12)} ${value}`),
    '',
    'Next, in another terminal:',
    ...commands.map(([command, about]) => `  ${prefix}npx cadenza ${command.padEnd(width)}  ${about}`),
    '',
    'Ctrl-C stops it all; the next start goes on from there.',
    '',
  ].join('\n');
}
