import type { Drift } from '../../model/drift.ts';
import type { ConnectorSummary } from '../../model/summary.ts';
import { driftKey, drifts } from '../drift.ts';
import { type Common, type Session, writeJson, writeLines } from '../io.ts';
import { type Column, table } from '../table.ts';
import { painter } from '../text.ts';

type Row = ConnectorSummary & { readonly drift: Drift | null };

/** `list --drift`: the connectors with what they run and what they would run if they were deployed now. */
export async function listDrift(
  session: Session,
  options: Common & { readonly json?: boolean },
  connectors: readonly ConnectorSummary[],
): Promise<void> {
  const found = await drifts(session, options);
  const rows = connectors.map((c): Row => ({ ...c, drift: found.get(driftKey(c)) ?? null }));
  if (options.json === true) return writeJson(session, rows.map(asJson));
  const moved = rows.filter((r) => r.drift !== null && r.drift.drift !== null).length;
  const untold = rows.filter((r) => r.drift?.problem !== null && r.drift?.drift === null).length;
  writeLines(session, [
    ...table(rows, shape, session.out.columns, painter(session.out, session.env)),
    '',
    moved === 0
      ? `Nothing ${untold === 0 ? 'has drifted' : `is known to have drifted; of ${untold} it cannot be told`}.`
      : `${moved} drifted: "cadenza redeploy --drifted" replaces them by what is available.`,
  ]);
}

const asJson = ({ drift, ...connector }: Row) => ({
  ...connector,
  drift:
    drift === null
      ? null
      : {
          kind: drift.drift,
          wanted: drift.wanted,
          running: drift.running,
          available: drift.available,
          problem: drift.problem,
        },
});

/** As much of a digest as people compare. */
const short = (digest: string | null | undefined): string => digest?.replace(/^sha256:/, '').slice(0, 12) ?? '-';

const shape: readonly Column<Row>[] = [
  { title: 'NAME', value: (r) => r.name, least: 12 },
  { title: 'PLATFORM', value: (r) => r.platform },
  { title: 'PHASE', value: (r) => r.phase },
  { title: 'IMAGE', value: (r) => r.drift?.image ?? (r.image || '-'), least: 10 },
  { title: 'RUNNING', value: (r) => short(r.drift?.running) },
  { title: 'AVAILABLE', value: (r) => short(r.drift?.available) },
  { title: 'DRIFT', value: told, least: 10, colour: (r) => (r.drift?.drift === null ? undefined : 'yellow') },
];

function told({ drift }: Row): string {
  if (drift === null) return 'not known to the worker';
  if (drift.drift === 'digest') return 'the tag was moved';
  if (drift.drift === 'reference') return `would be ${drift.wanted}`;
  return drift.problem ?? '';
}
