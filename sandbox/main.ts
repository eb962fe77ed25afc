/** The sandbox as a process of its own: settings from the environment, one line of JSON when it is ready. */
import { messageOf } from './http.ts';
import { type SandboxOptions, startSandbox } from './server.ts';

function settings(env: NodeJS.ProcessEnv): SandboxOptions {
  const get = (name: string): string | undefined => env[`CADENZA_SANDBOX_${name}`] || undefined;
  const token = get('TOKEN');
  const port = Number(get('PORT') ?? 0);
  const demo = get('DEMO') ?? 'on';
  const state = get('STATE');
  if (token === undefined) throw new Error('CADENZA_SANDBOX_TOKEN is not set: choose the administrator token.');
  if (!Number.isInteger(port) || port < 0 || port > 65_535)
    throw new Error('CADENZA_SANDBOX_PORT must be a port number, or 0 for any.');
  if (demo !== 'on' && demo !== 'off') throw new Error('CADENZA_SANDBOX_DEMO must be on or off.');
  return {
    token,
    port,
    host: get('HOST') ?? '127.0.0.1',
    demo: demo === 'on',
    image: get('IMAGE') ?? 'cadenza/demo-connector:1',
    ...(state === undefined ? {} : { state }),
  };
}

async function main(): Promise<void> {
  let options: SandboxOptions;
  try {
    options = settings(process.env);
  } catch (error) {
    process.stderr.write(`${messageOf(error)}\n`);
    process.exitCode = 2;
    return;
  }
  try {
    const sandbox = await startSandbox(options);
    const end = (): void => {
      sandbox.close().then(
        () => process.exit(0),
        (error: unknown) => {
          process.stderr.write(`sandbox: state not saved: ${messageOf(error)}\n`);
          process.exit(1);
        },
      );
    };
    process.once('SIGTERM', end);
    process.once('SIGINT', end);
    process.stdout.write(`${JSON.stringify({ ready: true, url: sandbox.url })}\n`);
  } catch (error) {
    process.stderr.write(`sandbox: ${messageOf(error)}\n`);
    process.exitCode = 1;
  }
}

await main();
