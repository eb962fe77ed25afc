type Environment = Readonly<Record<string, string | undefined>>;

const everywhere = ['PATH', 'HOME', 'TMPDIR', 'LANG', 'LC_ALL', 'TZ'];

/** An engine pulls images, for which a host may need its proxy and certificates. */
const network = [
  'HTTP_PROXY',
  'HTTPS_PROXY',
  'NO_PROXY',
  'http_proxy',
  'https_proxy',
  'no_proxy',
  'SSL_CERT_FILE',
  'SSL_CERT_DIR',
];

const pick = (env: Environment, names: readonly string[]): NodeJS.ProcessEnv =>
  Object.fromEntries(names.flatMap((name) => (env[name] === undefined ? [] : [[name, env[name]]])));

/** For Temporal and the sandbox. A list of what is allowed, so that a new secret of the worker reaches nobody by default. */
export const plainEnvironment = (env: Environment): NodeJS.ProcessEnv => pick(env, everywhere);

export const engineEnvironment = (env: Environment): NodeJS.ProcessEnv => pick(env, [...everywhere, ...network]);

/** The worker is configured by its environment and gets all of it. */
export const workerEnvironment = (env: Environment): NodeJS.ProcessEnv => ({ ...env });
