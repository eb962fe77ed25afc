/** Progress lines of the set-up: one a step, with the time it took when it did something. */
const started = Date.now();

export function say(text) {
  process.stdout.write(`${text}\n`);
}

/** Runs one step; `work` answers with a short word on what it did. A `Missing` ends the set-up only if it is `strict`. */
export async function step(number, total, title, work, strict = false) {
  const begun = Date.now();
  process.stdout.write(`[${number}/${total}] ${title} ... `);
  try {
    const what = (await work()) ?? 'done';
    const took = (Date.now() - begun) / 1000;
    process.stdout.write(`${what}${took > 0.5 ? ` (${took.toFixed(1)} s)` : ''}\n`);
  } catch (error) {
    if (strict || !(error instanceof Missing)) {
      process.stdout.write('failed\n');
      throw error;
    }
    process.stdout.write(`not here: ${error.message}\n`);
  }
}

export const elapsed = () => ((Date.now() - started) / 1000).toFixed(1);

/** A step that cannot be done here; its message says in one line what a person can do. */
export class Missing extends Error {}
