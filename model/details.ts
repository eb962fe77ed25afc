import type { Desired } from './observation.ts';
import type { Memory } from './memory.ts';
import type { ConnectorSummary } from './summary.ts';

/** Markdown shown on top of the workflow's page in the Temporal UI. */
export function details(
  s: ConnectorSummary,
  m: Memory,
  d: Desired | undefined,
  doing: string | undefined,
  nextLook: string | undefined,
): string {
  const rows: readonly (readonly [string, string | undefined])[] = [
    ['phase', `**${s.phase}** since ${s.since}`],
    ['doing', doing],
    [
      'requested',
      m.override === undefined ? s.requestedStatus : `${s.requestedStatus} (operator, since ${m.override.at})`,
    ],
    ['observed', s.currentStatus],
    ['told to platform', s.reportedStatus ?? 'never'],
    ['container', s.container === null ? 'none' : `\`${s.container}\` on ${s.runtime}`],
    ['image', `\`${s.image}\``],
    ['configuration hash', d === undefined ? undefined : `\`${d.contractHash}\``],
    ['restarts', String(s.restarts)],
    ['next look', nextLook],
    ['last error', s.lastError === null ? undefined : `${s.lastError.kind}: ${s.lastError.message}`],
  ];
  const escape = (text: string) => text.replaceAll('|', '\\|').replaceAll('\n', ' ');
  const table = rows.flatMap(([k, v]) => (v === undefined ? [] : [`| ${k} | ${escape(v)} |`]));
  const history = m.transitions.toReversed().slice(0, 8);
  return [
    '| | |',
    '|---|---|',
    ...table,
    ...(history.length === 0 ? [] : ['', '**Last transitions**', '']),
    ...history.map((t) => `- ${t.at} ${t.from} → **${t.to}**: ${t.reason}`),
  ].join('\n');
}
