/** API versions are `major.minor`, with or without a leading `v`. */
const parts = (version: string): readonly [number, number] => {
  const [major = 0, minor = 0] = version.replace(/^v/, '').split('.').map(Number);
  return [major, minor];
};

/** The older of the version that is configured and the newest one the engine speaks, as `v1.41`. */
export function olderVersion(configured: string, engines: string | undefined): string {
  const own = parts(configured);
  const theirs = engines === undefined ? own : parts(engines);
  const [major, minor] = theirs[0] < own[0] || (theirs[0] === own[0] && theirs[1] < own[1]) ? theirs : own;
  return `v${major}.${minor}`;
}
