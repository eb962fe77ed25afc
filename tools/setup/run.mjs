import { spawn } from 'node:child_process';

/**
 * Runs a program to its end and answers with its output; on failure the last lines are in the error. `heard` gets each
 * line of its error output as it comes.
 */
export function run(command, args, { heard, ...options } = {}) {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'pipe'], ...options });
    let out = '';
    let all = '';
    let rest = '';
    child.stdout.on('data', (d) => {
      out += d;
      all += d;
    });
    child.stderr.on('data', (d) => {
      all += d;
      if (heard === undefined) return;
      const lines = (rest + d).split('\n');
      rest = lines.pop();
      for (const line of lines) heard(line);
    });
    child.on('error', (error) => reject(new Error(`${command}: ${error.message}`)));
    child.on('close', (code) => {
      if (code === 0) resolve(out);
      else
        reject(
          new Error(
            `${command} ${args.slice(0, 3).join(' ')} ended with ${code}:\n${all.trimEnd().split('\n').slice(-15).join('\n')}`,
          ),
        );
    });
  });
}

/** True when the program can be started at all. */
export async function exists(command, args = ['--version']) {
  try {
    await run(command, args);
    return true;
  } catch {
    return false;
  }
}
