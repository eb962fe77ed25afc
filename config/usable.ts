import type { Platform } from '../model/connector.ts';
import { masked } from '../model/mask.ts';
import { encryptionKeys } from './encryption.ts';
import { envName } from './keys.ts';
import { at, hasValue, type Table } from './node.ts';
import { pemProblems } from './pem.ts';
import { placeholder } from './platform.ts';
import type { ConfigProblem } from './problem.ts';
import type { Reading } from './read.ts';
import type { Config } from './schema.ts';

/** Faults between keys, each of which is fine by itself. */

const isUnder = (path: string, section: string): boolean => path === section || path.startsWith(`${section}.`);

/** Everything that keeps this platform from being managed; the other one is not touched by it. */
export function platformProblems(
  { config, problems, table }: Reading,
  platform: Platform,
  cwd: string,
): readonly ConfigProblem[] {
  const own = problems.filter((p) => isUnder(p.path, platform));
  const faulty = new Set(own.map((p) => p.path));
  return [...own, ...[...betweenKeys(config, platform, table, cwd)].filter((p) => !faulty.has(p.path))];
}

/** Faults that stop the whole process: of files, of the manager and of Temporal. */
export function generalProblems({ config, problems, table }: Reading, cwd: string): readonly ConfigProblem[] {
  const own = problems.filter((p) => !isUnder(p.path, 'opencti') && !isUnder(p.path, 'openaev'));
  const loop = config.manager.reboot_loop;
  const found = fault(
    'manager.reboot_loop.backoff_max',
    'is less than backoff_initial',
    'make it the larger of the two',
    String(loop.backoff_max),
  );
  return [
    ...own,
    ...(loop.backoff_max < loop.backoff_initial ? [found] : []),
    ...pair('temporal.tls', config.temporal.tls),
    ...pemProblems('temporal.tls', config.temporal.tls, tlsNames, table, cwd),
    ...encryptionKeys(config.temporal, cwd).problems,
  ];
}

const fault = (path: string, reason: string, fix: string, value?: string): ConfigProblem => ({
  path,
  env: envName(path),
  reason,
  fix,
  ...(value === undefined ? {} : { value }),
});

const pair = (
  path: string,
  tls: { readonly cert?: string | undefined; readonly key?: string | undefined },
): ConfigProblem[] => {
  if ((tls.cert === undefined) === (tls.key === undefined)) return [];
  const missing = tls.cert === undefined ? 'cert' : 'key';
  return [fault(`${path}.${missing}`, 'is not set', 'certificate and key go together: set both or none')];
};

const tlsNames = ['ca', 'cert', 'key'] as const;

function* betweenKeys(config: Config, platform: Platform, table: Table, cwd: string): Generator<ConfigProblem> {
  const section = config[platform];
  const { daemon } = section;
  if (section.token === placeholder)
    yield fault(
      `${platform}.token`,
      'is still the placeholder of the shipped file',
      'set the token of a user of the platform',
      masked,
    );
  const dockerTls = `${platform}.daemon.docker.tls`;
  yield* registry(`${platform}.daemon.registry`, daemon.registry);
  switch (daemon.selector) {
    case 'docker':
      yield* pair(dockerTls, daemon.docker.tls);
      yield* pemProblems(dockerTls, daemon.docker.tls, tlsNames, table, cwd);
      break;
    case 'swarm':
      yield* pair(dockerTls, daemon.docker.tls);
      yield* pemProblems(dockerTls, daemon.docker.tls, tlsNames, table, cwd);
      if (!hasValue(at(table, `${platform}.daemon.swarm`)))
        yield fault(
          `${platform}.daemon.swarm`,
          'is missing, and daemon.selector is swarm',
          'set the section, at least its network',
        );
      break;
    case 'portainer':
      yield* pemProblems(`${platform}.daemon.portainer`, daemon.portainer, ['ca'], table, cwd);
      if (daemon.portainer.api_key === placeholder)
        yield fault(
          `${platform}.daemon.portainer.api_key`,
          'is still the placeholder of the shipped file',
          'set an API key of Portainer',
          masked,
        );
      break;
    case 'kubernetes':
      if (!/^[A-Za-z0-9]([-\w.]{0,61}[A-Za-z0-9])?$/.test(config.manager.id))
        yield fault(
          'manager.id',
          `is no label value of Kubernetes, which ${platform} uses`,
          'at most 63 letters, digits, -, _ and ., with a letter or digit at both ends',
          config.manager.id,
        );
      break;
  }
}

type Registry = Config[Platform]['daemon']['registry'];

function* registry(path: string, { server, username, password }: Registry): Generator<ConfigProblem> {
  const [user, word] = [username !== undefined, password !== undefined];
  if (user && !word) yield fault(`${path}.password`, 'is not set, but a username is', 'set both or none');
  if (word && !user) yield fault(`${path}.username`, 'is not set, but a password is', 'set both or none');
  if ((user || word) && server === undefined)
    yield fault(`${path}.server`, 'is not set, but credentials are', 'name the registry they are for');
}
