/** API versions are `major.minor`, with or without a leading `v`. */
const parts = (version: string): readonly [number, number] => {
  const [major = 0, minor = 0] = version.replace(/^v/, '').split('.').map(Number);
  return [major, minor];
};

const older = (a: string, b: string): boolean => {
  const [[majorA, minorA], [majorB, minorB]] = [parts(a), parts(b)];
  return majorA < majorB || (majorA === majorB && minorA < minorB);
};

/** What the engine says of the versions it speaks. */
export interface Spoken {
  readonly ApiVersion: string;
  /** Engines before API 1.25 have none. */
  readonly MinAPIVersion?: string;
}

/** The configured version where the engine speaks it, else the nearest one that it does; as `v1.41`. */
export function agreedVersion(configured: string, { ApiVersion, MinAPIVersion }: Spoken): string {
  const nearest = older(ApiVersion, configured)
    ? ApiVersion
    : MinAPIVersion !== undefined && older(configured, MinAPIVersion)
      ? MinAPIVersion
      : configured;
  return `v${parts(nearest).join('.')}`;
}
