import { sleep } from '@temporalio/workflow';
import * as present from '../../workflows/index.ts';

/** Workflows that do something else first, as after a change nobody marked: histories of the present ones must not replay on them. */
export async function connector(input: Parameters<typeof present.connector>[0]): Promise<void> {
  await sleep('1s');
  await present.connector(input);
}

export async function platform(input: Parameters<typeof present.platform>[0]): Promise<void> {
  await sleep('1s');
  await present.platform(input);
}

export async function orphans(input: Parameters<typeof present.orphans>[0]): ReturnType<typeof present.orphans> {
  await sleep('1s');
  return present.orphans(input);
}
