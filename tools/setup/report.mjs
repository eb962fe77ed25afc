/** Progress lines of the set-up: one a step, with the time it took when it did something. */
const started = Date.now();

export function say(text) {
  process.stdout.write(`${text}\n`);
}

/** Runs one step; `work` answers with a short word on what it did. */
export async function step(number, total, title, work) {
  const begun = Date.now();
  process.stdout.write(`[${number}/${total}] ${title} ... `);
  try {
    const what = (await work((text) => process.stdout.write(`\n      ${text}`))) ?? 'done';
    const took = (Date.now() - begun) / 1000;
    process.stdout.write(`${what}${took > 0.5 ? ` (${took.toFixed(1)} s)` : ''}\n`);
  } catch (error) {
    process.stdout.write('failed\n');
    throw error;
  }
}

export const elapsed = () => ((Date.now() - started) / 1000).toFixed(1);

/** A step that cannot be done here; its message says in one line what a person can do. */
export class Missing extends Error {}
