/** The fault switches: which one meets a request, and what it does to the answer. */
import type { ServerResponse } from 'node:http';
import { type Faults, faultsSchema, type OperationFault } from './inputs.ts';
import { operations } from './rights.ts';
import type { World } from './world.ts';

type Json = Readonly<Record<string, unknown>>;
const isObject = (value: unknown): value is Json =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** JSON merge patch: objects are merged, null removes, everything else replaces. */
export function mergePatch(target: unknown, patch: object): Json {
  const result: Record<string, unknown> = isObject(target) ? { ...target } : {};
  for (const [key, value] of Object.entries(patch)) {
    if (value === null) delete result[key];
    else result[key] = isObject(value) ? mergePatch(result[key], value) : value;
  }
  return result;
}

/** Throws a ZodError on an unknown switch, and an Error on an operation that does not exist. */
export function mergeFaults(world: World, patch: unknown): Faults {
  const faults = faultsSchema.parse(mergePatch(world.faults, isObject(patch) ? patch : { patch }));
  for (const name of Object.keys(faults.operations ?? {}))
    if (name !== '*' && !(operations as readonly string[]).includes(name))
      throw new RangeError(`operations.${name}: no such operation; one of *, ${operations.join(', ')}`);
  world.faults = faults;
  return faults;
}

/** The fault that meets a request with these root fields. Counts it down when it is limited. */
export function takeFault<F extends Pick<Faults, 'operations'>>(
  holder: { faults: F },
  fields: readonly string[],
): OperationFault | undefined {
  const faults = holder.faults.operations;
  const name = [...fields, '*'].find((candidate) => faults?.[candidate] !== undefined);
  const fault = name === undefined ? undefined : faults?.[name];
  if (name === undefined || fault?.times === undefined) return fault;
  const { [name]: _spent, ...rest } = faults ?? {};
  const left = fault.times - 1;
  holder.faults = { ...holder.faults, operations: left > 0 ? { ...rest, [name]: { ...fault, times: left } } : rest };
  return fault;
}

/** Resolves after `ms`, or at once with false when the sandbox closes. */
export const wait = (ms: number, closing: AbortSignal): Promise<boolean> =>
  new Promise((resolve) => {
    if (closing.aborted) return resolve(false);
    const stop = (): void => {
      clearTimeout(timer);
      resolve(false);
    };
    const timer = setTimeout(() => {
      closing.removeEventListener('abort', stop);
      resolve(true);
    }, ms);
    closing.addEventListener('abort', stop, { once: true });
  });

export const spoils = (fault: OperationFault): boolean =>
  fault.drop === true || fault.hang === true || fault.garbage === true || fault.status !== undefined;

const proxyPage = (status: number): string =>
  `<html>\r\n<head><title>${status} Service Temporarily Unavailable</title></head>\r\n<body>\r\n` +
  `<center><h1>${status} Service Temporarily Unavailable</h1></center>\r\n<hr><center>nginx</center>\r\n</body>\r\n</html>\r\n`;

/** Answers (or does not) the way a broken network or a reverse proxy would. */
export function spoil(response: ServerResponse, fault: OperationFault): void {
  if (fault.drop === true) response.destroy();
  else if (fault.hang === true) return;
  else if (fault.status !== undefined)
    response.writeHead(fault.status, { 'content-type': 'text/html' }).end(proxyPage(fault.status));
  else response.writeHead(200, { 'content-type': 'application/json' }).end('{"data":{"about":{"vers\u0000 <!-- ');
}

/** Breaks single records of a finished listing in ways the schema itself would not let through. */
export function spoilRecords(world: World, data: Json | null | undefined, ids: readonly string[]): void {
  const faults = world.faults.listing;
  if (ids.length === 0 || (faults?.nullFields === undefined && faults?.missingFields === undefined)) return;
  for (const records of Object.values(data ?? {})) {
    if (!Array.isArray(records)) continue;
    records.forEach((record: Record<string, unknown>, index) => {
      const id = ids[index] ?? '';
      const name = world.connectors.get(id)?.name ?? '';
      const fields = (of: Readonly<Record<string, readonly string[]>> | undefined): readonly string[] =>
        of?.[id] ?? of?.[name] ?? of?.['*'] ?? [];
      for (const field of fields(faults.nullFields)) record[field] = null;
      for (const field of fields(faults.missingFields)) delete record[field];
    });
  }
}
