type Environment = Readonly<Record<string, string | undefined>>;

const everywhere = ['PATH', 'HOME', 'TMPDIR', 'LANG', 'LC_ALL', 'TZ'];

/** An engine pulls images, for which a host may need its proxy and certificates. */
const network = ['HTTP_PROXY', 'HTTPS_PROXY', 'NO_PROXY', 'http_proxy', 'https_proxy', 'no_proxy', 'SSL_CERT_FILE', 'SSL_CERT_DIR'];

const pick = (env: Environment, names: readonly string[]): NodeJS.ProcessEnv =>
  Object.fromEntries(names.flatMap((name) => (env[name] === undefined ? [] : [[name, env[name]]])));

/** What each child may know. Lists of what is allowed, so that a new secret of the worker reaches nobody else by default. */
export const environmentOf = {
  temporal: (env: Environment): NodeJS.ProcessEnv => pick(env, everywhere),
  engine: (env: Environment): NodeJS.ProcessEnv => pick(env, [...everywhere, ...network]),
  sandbox: (env: Environment, own: Environment): NodeJS.ProcessEnv => ({ ...pick(env, everywhere), ...own }),
  /** The worker is configured by its environment: it gets all of it. */
  worker: (env: Environment, own: Environment): NodeJS.ProcessEnv => ({ ...env, ...own }),
};
