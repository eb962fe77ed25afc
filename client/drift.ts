import type { Drift } from '../model/drift.ts';
import { failed } from './failure.ts';
import type { Common, Session } from './io.ts';
import { askWorker, body } from './worker.ts';

/** Asks the worker what runs and what its tags stand for now; by platform and id. */
export async function drifts(session: Session, options: Common): Promise<ReadonlyMap<string, Drift>> {
  const text = await body(await askWorker(session, options, '/v1/drift'));
  try {
    const all = JSON.parse(text) as readonly Drift[];
    return new Map(all.map((d) => [driftKey(d), d]));
  } catch {
    throw failed('Unexpected', 'the worker gave no answer that can be read; it may be of another version');
  }
}

export const driftKey = ({ platform, id }: { readonly platform: string; readonly id: string }): string =>
  `${platform}/${id}`;
