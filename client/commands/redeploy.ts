import pLimit from 'p-limit';
import type { Platform } from '../../model/connector.ts';
import { driftKey, drifts } from '../drift.ts';
import { type Common, type Session, writeJson, writeLines } from '../io.ts';
import { progressLine } from '../progress.ts';
import { withFleet } from '../session.ts';
import { oneLine } from '../text.ts';

interface Options extends Common {
  readonly platform?: Platform;
  readonly json?: boolean;
  /** Seconds. */
  readonly wait: number;
}

/** The worker itself bounds how many are replaced at a time; this bounds how many are waited for. */
const concurrency = 8;

/** `redeploy --drifted`: every connector that would run something else if it were deployed now. */
export async function redeployDrifted(session: Session, options: Options): Promise<void> {
  await withFleet(session, options, async (fleet) => {
    const found = await drifts(session, options);
    const all = await fleet.connectors(options.platform === undefined ? {} : { platform: options.platform });
    const drifted = all.filter((c) => (found.get(driftKey(c))?.drift ?? null) !== null);
    const progress = progressLine(session);
    const limit = pLimit(concurrency);
    let done = 0;
    progress.tell(`redeploying ${drifted.length}`);
    const results = await Promise.all(
      drifted.map((c) =>
        limit(async () => {
          const result = await fleet.apply(c.workflowId, 'redeploy', options.wait * 1_000, { fresh: true });
          progress.tell(`redeployed ${++done} of ${drifted.length}`);
          return { platform: c.platform, id: c.id, name: c.name, command: 'redeploy', ...result };
        }),
      ),
    ).finally(progress.end);
    if (options.json === true) writeJson(session, results);
    else if (results.length === 0) writeLines(session, ['Nothing has drifted.']);
    else
      writeLines(
        session,
        results.map((r) => `${oneLine(r.name)}: ${oneLine(r.message)}`),
      );
    session.exit(results.some((r) => r.actions.some((a) => a.error !== undefined)) ? 1 : 0);
  });
}
