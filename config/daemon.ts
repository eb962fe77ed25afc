import { z } from 'zod';
import { engineAddress, headerSecret, url } from './address.ts';
import { choice, decimal, flag, flagOr, key, list, map, secret, text, whole, wholeOr } from './leaf.ts';

/** The runtime sections below `<platform>.daemon`, except the one of Kubernetes. */

const day = 86_400;
const most = Number.MAX_SAFE_INTEGER;
const timeout = (standard: number) => wholeOr(standard, 1, 3_600, 'seconds', 'Longest wait for an answer, seconds.');
const pullPolicy = () => choice(['always', 'missing', 'never'], 'always', 'When an image is pulled before a deploy.');

const count = z
  .string()
  .trim()
  .regex(/^-?\d+$/, 'is not a whole number')
  .transform(Number);
const ulimits = () =>
  key(
    z
      .array(
        z.strictObject(
          { name: z.string().min(1, 'is empty'), soft: count, hard: count },
          'needs name, soft and hard, and nothing else',
        ),
      )
      .readonly()
      .optional(),
    'Resource limits: a list of name, soft, hard.',
    { form: 'maps', expects: 'a list of {name, soft, hard}, complete; as a variable a JSON array' },
  );

export const registry = z.strictObject({
  server: text('Registry put before images, a path may follow.'),
  username: text('Its user. Needs server and password.'),
  password: text('Its password.', secret),
  email: text('E-mail address of that user, where the registry wants one.'),
  prefix_mode: choice(
    ['auto', 'always', 'never'],
    'auto',
    'Put the registry before references that name none, before all, or use it for credentials only.',
  ),
});

export const docker = z.strictObject({
  host: engineAddress('Address of the engine; else DOCKER_HOST, else unix:///var/run/docker.sock. Also used by Swarm.'),
  tls: z.strictObject({
    ca: text("The engine's CA, PEM or path; else DOCKER_CERT_PATH.", { expects: 'PEM text or a path' }),
    cert: text('Own certificate, PEM or path.', { expects: 'PEM text or a path' }),
    key: text('Its key, PEM or path.', { ...secret, expects: 'PEM text or a path' }),
  }),
  timeout: timeout(120),
  pull_policy: pullPolicy(),
  network_mode: text('Network of the containers: a name, bridge, host, none.'),
  extra_hosts: list('Lines for /etc/hosts, each host:ip.'),
  dns: list('DNS servers.'),
  dns_search: list('DNS search domains.'),
  privileged: flag('Run privileged.'),
  cap_add: list('Capabilities added.'),
  cap_drop: list('Capabilities dropped.'),
  security_opt: list('Security options.'),
  userns_mode: text('User namespace mode.'),
  pid_mode: text('PID namespace mode.'),
  ipc_mode: text('IPC namespace mode.'),
  uts_mode: text('UTS namespace mode.'),
  runtime: text('OCI runtime of the engine.'),
  shm_size: whole(0, most, 'bytes', 'Size of /dev/shm, bytes.'),
  sysctls: map('Kernel parameters.'),
  ulimits: ulimits(),
  restart_policy: key(
    z
      .string()
      .trim()
      .regex(/^(no|always|unless-stopped|on-failure(:\d+)?)$/, 'is no restart policy')
      .default('no'),
    "The engine's own restarts. no leaves restarts to Cadenza.",
    { expects: 'no, on-failure, on-failure:<max>, unless-stopped or always' },
  ),
  memory_limit: whole(0, most, 'bytes', 'Memory limit, bytes.'),
  cpu_limit: decimal(0, 10_000, 'CPU limit, number of CPUs.'),
  stop_timeout: whole(0, day, 'seconds', "Seconds from the polite stop to the kill; unset: the engine's default (10)."),
});

const resource = (what: string) => ({
  cpu: whole(0, most, 'billionths of a CPU', `CPU ${what}; 1000000000 is one CPU.`),
  memory: whole(0, most, 'bytes', `Memory ${what}, bytes.`),
});
const [limit, reservation] = [resource('limit'), resource('reservation')];

export const swarm = z.strictObject({
  network: text('Overlay network, name or id.'),
  pull_policy: pullPolicy(),
  extra_hosts: list('Lines for /etc/hosts, each host:ip.'),
  dns: list('DNS servers.'),
  dns_search: list('DNS search domains.'),
  cap_add: list('Capabilities added.'),
  cap_drop: list('Capabilities dropped.'),
  sysctls: map('Kernel parameters.'),
  ulimits: ulimits(),
  hostname: text('Host name in the container.'),
  user: text('User the process runs as.'),
  read_only: flag('Mount the root file system read-only.'),
  init: flag('Run an init process.'),
  stop_grace_period: whole(0, most, 'nanoseconds', 'From the polite stop to the kill, nanoseconds.'),
  resources: z.strictObject({
    cpu_limit: limit.cpu,
    memory_limit: limit.memory,
    cpu_reservation: reservation.cpu,
    memory_reservation: reservation.memory,
  }),
  placement_constraints: list('Placement constraints.'),
  placement_preferences: list('Labels or node attributes to spread over.'),
  restart_condition: text('none, on-failure; anything else means any.'),
  restart_delay: whole(0, most, 'nanoseconds', 'Delay of a restart, nanoseconds.'),
  restart_max_attempts: whole(0, 1_000_000, 'restarts', 'Restarts before Swarm gives up; 0 is without limit.'),
});

/** The placeholders of the shipped file differ by platform. */
export const portainer = (standard: { readonly api: string; readonly stack?: string; readonly network?: string }) =>
  z.strictObject({
    api: url(standard.api, 'URL of Portainer.'),
    api_key: headerSecret('ChangeMe', 'API key of Portainer.'),
    env_id: key(z.string().trim().regex(/^\d+$/, 'is not a number').default('3'), 'Id of the environment.', {
      expects: 'a number',
      filled: true,
    }),
    env_type: key(z.enum(['docker'], 'is not supported').default('docker'), 'Kind of that environment; only docker.', {
      expects: 'docker',
    }),
    api_version: key(
      z
        .string()
        .trim()
        .regex(/^v?\d+\.\d+$/, 'is no version')
        .default('v1.44'),
      'Version of the Docker API.',
      {
        expects: 'such as v1.44',
        filled: true,
      },
    ),
    stack: clearable(standard.stack, 'Stack under which Portainer shows the containers.'),
    network_mode: clearable(standard.network, 'Network of the containers; stands over docker.network_mode.'),
    pull_policy: pullPolicy(),
    unsecured_certificate: flagOr(false, 'Accept any certificate of Portainer.'),
    ca: text("Portainer's CA, PEM or path.", { expects: 'PEM text or a path' }),
    timeout: timeout(30),
    registry_id: whole(1, most, '', 'Id of a registry stored in Portainer, whose credentials are used for pulls.'),
  });

/** Has a shipped value, but an empty text means none at all. */
const clearable = (standard: string | undefined, about: string) =>
  key(
    z
      .string()
      .optional()
      .transform((t) => (t === undefined ? standard : t === '' ? undefined : t)),
    about,
    { filled: true },
  );
