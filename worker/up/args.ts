/** Arguments of `npm start -- …`. */
export interface UpArgs {
  /** Configuration file that stands for those in `config/`. */
  readonly config?: string;
  readonly sandbox: boolean;
}

export const usage = 'usage: npm start -- [--config FILE] [--no-sandbox]';

/** The arguments, or a text that says what is wrong with them. */
export function parseArgs(args: readonly string[]): UpArgs | string {
  let config: string | undefined;
  let sandbox = true;
  for (let i = 0; i < args.length; i++) {
    const arg = args[i] ?? '';
    if (arg === '--no-sandbox') sandbox = false;
    else if (arg === '--config' || arg.startsWith('--config=')) {
      const file = arg === '--config' ? args[++i] : arg.slice('--config='.length);
      if (file === undefined || file === '' || file.startsWith('--')) return `--config needs a file\n${usage}`;
      config = file;
    } else return `unknown argument ${arg}\n${usage}`;
  }
  return { sandbox, ...(config === undefined ? {} : { config }) };
}
