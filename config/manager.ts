import { z } from 'zod';
import { choice, decimalOr, filledText, flagOr, key, listOr, secret, text, textOr, wholeOr } from './leaf.ts';

/** The shipped id: two installations that keep it would take each other's connectors for their own. */
export const defaultManagerId = 'default-manager-id';

const day = 86_400;
const seconds = (standard: number, least: number, most: number, about: string) =>
  wholeOr(standard, least, most, 'seconds', about);
const port = (standard: number, about: string) => wholeOr(standard, 0, 65_535, '', about);

const managerName = z
  .string()
  .refine((name) => name.trim() !== '', 'is empty')
  .refine((name) => name.length >= 2, 'is shorter than 2 characters');

const logger = z.strictObject({
  level: choice(['trace', 'debug', 'info', 'warn', 'error'], 'info', 'Least level that is logged.'),
  format: choice(['json', 'pretty'], 'json', 'Form of the lines on stdout; files are always JSON.'),
  directory: flagOr(true, 'Log to files: one a day, five are kept.'),
  directory_path: textOr('./logs', 'Folder of the log files, relative to the working folder.'),
  console: flagOr(true, 'Log to stdout.'),
});

const debug = z.strictObject({
  show_env_vars: flagOr(false, "Log a connector's environment at every deploy and refresh, secrets masked."),
  show_sensitive_env_vars: flagOr(false, 'Do not mask secrets there. Never for production.'),
});

const orphans = z.strictObject({
  sweeps: wholeOr(2, 2, 100, 'sweeps', 'Sweeps in a row that must find a container unknown before it is removed.'),
  guard_ratio: decimalOr(
    0.25,
    0,
    1,
    "From this share of a platform's containers on, removals wait for a confirmation ...",
  ),
  guard_min: wholeOr(3, 1, 100_000, 'containers', '... if they are at least this many.'),
  allow_mass_removal: flagOr(false, 'Remove without that confirmation, however many.'),
});

const rebootLoop = z.strictObject({
  max_restarts: wholeOr(
    3,
    0,
    1_000,
    'crashes',
    'Crashes that are answered with a start at once. One more is a reboot loop.',
  ),
  window: seconds(300, 1, day, 'Seconds of uptime that end the reboot-loop flag.'),
  backoff_initial: seconds(60, 1, day, 'Seconds until the first start in a loop; doubles with each further crash.'),
  backoff_max: seconds(3_600, 1, day, 'Longest such wait, seconds.'),
  healthy_reset: seconds(600, 1, day, 'Seconds without a crash after which the count starts anew.'),
  action: choice(
    ['backoff', 'stop', 'flag'],
    'backoff',
    'In a loop: start again after the wait, stay stopped until a person or a new configuration, or start at once and only report.',
  ),
});

/** Everything about this manager itself. Times are seconds. */
export const manager = z.strictObject({
  id: filledText(
    defaultManagerId,
    'Id of this manager on the platforms and on its containers. A UUID is advised; on Kubernetes it must be a label value.',
  ),
  name: key(managerName.default('Filigran connector manager'), 'Name the platforms show.', {
    expects: 'at least 2 characters',
    filled: true,
  }),
  previous_ids: listOr([], 'Former ids of this manager; containers that carry one of them are its own too.'),
  execute_schedule: seconds(10, 1, 3_600, 'Seconds between two polls of platform and runtime.'),
  ping_alive_schedule: seconds(60, 5, 240, 'Seconds between two signs of life to the platform.'),
  health_schedule: seconds(30, 10, 240, "Seconds between two reports of a connector's health."),
  log_tail_lines: wholeOr(100, 1, 2_000, 'lines', 'Lines of log reported to the platform.'),
  credentials_key: text('RSA private key, PEM (PKCS#8 or PKCS#1), also on one line with \\n for the line ends.', {
    ...secret,
    expects: 'an RSA private key in PEM',
  }),
  credentials_key_filepath: text('File with that key. It wins if both are set.', { expects: 'a path' }),
  credentials_key_previous_filepaths: listOr(
    [],
    'Files with former keys, tried in order for values that the present key does not open.',
  ),
  logger,
  debug,
  orphans,
  reboot_loop: rebootLoop,
  pull_concurrency: wholeOr(2, 1, 64, 'downloads', 'Images pulled at a time, per engine.'),
  pull_timeout: seconds(1_800, 1, day, 'Longest pull of one image, seconds.'),
  refresh_concurrency: wholeOr(4, 1, 64, 'containers', 'Containers replaced at a time.'),
  start_timeout: seconds(300, 1, day, 'Seconds a container may be neither up nor down before that counts as failed.'),
  shutdown_timeout: seconds(30, 1, 3_600, 'Seconds a step under way is given to end when the process is told to stop.'),
  rollout_on_local_change: choice(
    ['auto', 'never'],
    'auto',
    'When a setting here changes what a container would look like: replace the container, or only show the difference.',
  ),
  inject_all_platform_urls: flagOr(true, 'Give each connector the URL of the other platform too, if that is enabled.'),
  http: z.strictObject({
    enable: flagOr(true, 'Serve /health/live, /health/ready and /metrics.'),
    port: port(8080, 'Their port.'),
  }),
  prometheus: z.strictObject({
    enable: flagOr(false, 'Serve /metrics on a port of its own as well.'),
    port: port(14_270, 'That port.'),
    xtm_names: flagOr(false, 'Export the xtm_... names proposed for XTM Composer beside the cadenza_... ones.'),
  }),
});
